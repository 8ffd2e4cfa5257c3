"""The kinds of record, and what those are made of that people submit: plain, immutable facts.

What belongs here: fields, states, how a record is named, what links and measures them. What does
not: what the team writes (`curated_kinds`), where records are kept (`store`, `curated`), what
follows from them.

A record is named `<kind>/<id>`: `request/12`, `feedback/3`, `requirement/weekly-revenue`,
`key_result/faster-answers`. Times are in UTC, with their zone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

SUBMITTED = ("request", "feedback")
CURATED = ("requirement", "objective", "decision", "roadmap", "minutes", "metric")
KINDS = (*SUBMITTED, *CURATED, "key_result")
STAGES = ("trial", "live", "retiring")  # of the product that feedback is on
# Of a request. What was merged lives on in another; what was split, in its parts.
OPEN = ("new", "accepted", "shipped")
STATES = (*OPEN, "closed", "declined", "merged", "split")
RICE = ("reach", "impact", "confidence", "effort")
WSJF = ("value", "urgency", "risk", "size")
INPUTS = (*RICE, *WSJF)


def name_of(kind: str, ident: object) -> str:
    """Return the name of a record: `request/12`."""
    return f"{kind}/{ident}"


@dataclass(frozen=True)
class Request:
    """What somebody needs.

    Attributes:
        title: what is needed, in a sentence.
        decision: which decision it supports.
        waiting_costs: what it costs to wait, in words.
        about: key of the asset, or the search, that it came from.
        reason: why it was declined.
        requirement: id of the requirement that takes it up.
        answered_by: key of the asset that answers it; `answered_version` the version of then.
        inputs: those of `INPUTS` that were estimated: reach (people a quarter), impact (0.25 to 3),
            confidence (0 to 1), effort (person-weeks); value, urgency, risk, size (1 to 20).
        override: a score that replaces the computed one, and why.
        helped: what the asker said of the answer; None until then.
    """

    number: int
    title: str
    asker: str
    created_at: datetime
    updated_at: datetime
    state: str = "new"
    decision: str = ""
    needed_by: date | None = None
    waiting_costs: str = ""
    about: str = ""
    reason: str = ""
    assignee: str = ""
    requirement: str = ""
    merged_into: int | None = None
    split_from: int | None = None
    answered_by: str = ""
    answered_version: str = ""
    inputs: Mapping[str, float] = field(default_factory=dict)
    override: float | None = None
    override_reason: str = ""
    helped: bool | None = None
    helped_words: str = ""
    accepted_at: datetime | None = None
    shipped_at: datetime | None = None
    ended_at: datetime | None = None
    voters: tuple[str, ...] = ()
    comments: int = 0

    @property
    def name(self) -> str:
        """`request/12`."""
        return name_of("request", self.number)

    @property
    def asked(self) -> int:
        """How many people asked for it: the asker and who voted."""
        return len({self.asker, *self.voters})


@dataclass(frozen=True)
class Feedback:
    """What somebody said of an asset, as it was at one version.

    Attributes:
        about: key of the asset.
        version: of a report its version; of a table the time of its materialization, ISO 8601.
        rating: 1 (bad) to 5 (good).
        words: verbatim.
        stage: one of `STAGES`.
        request: number of the request that the asset answered, where it was one.
    """

    number: int
    about: str
    version: str
    rating: int
    words: str
    author: str
    created_at: datetime
    stage: str = "live"
    request: int | None = None
    answer: str = ""
    answered_by: str = ""
    answered_at: datetime | None = None

    @property
    def name(self) -> str:
        """`feedback/3`."""
        return name_of("feedback", self.number)


@dataclass(frozen=True)
class Comment:
    """What somebody wrote below a record, which `record` names."""

    number: int
    record: str
    author: str
    words: str
    created_at: datetime


@dataclass(frozen=True)
class Change:
    """One edit of a record's field: who, when, from what to what; texts as they are stored."""

    number: int
    record: str
    at: datetime
    who: str
    field: str
    before: str
    after: str


@dataclass(frozen=True)
class Snooze:
    """That something which needs attention may wait.

    Attributes:
        item: key of the entry of the list of what needs attention.
        until: first moment at which it is shown again.
    """

    item: str
    reason: str
    until: datetime
    who: str
    at: datetime


@dataclass(frozen=True)
class Measurement:
    """What a key result's query returned once, or why nothing was measured.

    Attributes:
        at: when it was asked.
        as_of: the time that the value is of; None where nothing was measured.
        definition: digest of the query, baseline, target and unit.
        trouble: what of the tables upstream was late or failing, so that nothing was measured; ()
            if it was.
    """

    key_result: str
    at: datetime
    run_id: str
    definition: str
    value: float | None = None
    as_of: datetime | None = None
    trouble: tuple[str, ...] = ()
    upstream: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Link:
    """That one record, or asset, leads to another: both ends by name or key.

    Attributes:
        relation: taken_up_by (request → requirement), met_by (requirement → asset), verified_by
            (requirement → check), answered_by (request → asset), about (feedback → asset, request
            → asset), measured_from (key result → asset), measures (key result → objective),
            settles (decision → record), delivers (roadmap → record or asset), serves (roadmap →
            objective), minuted_in (decision → minutes), supersedes, merged_into, split_from,
            defined_on (metric → asset).
        place: `file:line` where the team wrote it; "" where somebody submitted it.
    """

    source: str
    relation: str
    target: str
    place: str = field(default="", compare=False)
