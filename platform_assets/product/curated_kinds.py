"""What the records are made of that the team writes, as Markdown: plain, immutable facts.

What belongs here: their fields. What does not: what people submit (`kinds`), reading files
(`curated`, `curated_file`), what may stand in them (`curated_fields`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar

from platform_assets.product.kinds import name_of

HORIZONS = ("now", "next", "later", "done")


@dataclass(frozen=True)
class Written:
    """What all records that the team writes have.

    Attributes:
        id: the name of its file, without `.md`; of a key result as declared, unique among all.
        text: the Markdown below the front matter.
        file, line: where it is written, below the project's folder.
        lines: the line of what its front matter names, by its text; `sql` is the query's first.
    """

    kind: ClassVar[str] = ""  # the first part of its name
    id: str
    title: str
    owner: str
    text: str = ""
    file: str = ""
    line: int = 1
    lines: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)

    @property
    def name(self) -> str:
        """`objective/trust`."""
        return name_of(self.kind, self.id)


@dataclass(frozen=True)
class Requirement(Written):
    """What has to hold, why, and what verifies it.

    Attributes:
        requests: numbers of the requests that it takes up.
        assets: keys of the assets that meet it.
        check: the check that verifies it, `<asset key>:<check name>`; "" where nothing does.
        status: proposed, agreed, met or dropped.
        acceptance: criteria, one sentence each.
    """

    kind: ClassVar[str] = "requirement"
    statement: str = ""
    rationale: str = ""
    acceptance: tuple[str, ...] = ()
    check: str = ""
    status: str = "proposed"
    requests: tuple[int, ...] = ()
    assets: tuple[str, ...] = ()


@dataclass(frozen=True)
class KeyResult(Written):
    """What an objective is measured by.

    Attributes:
        objective: id of it.
        sql: one query that returns one row, `value` and `as_of`.
        tables: keys of the assets that the query reads.
        start, due: first and last day of the time that there is for it.
    """

    kind: ClassVar[str] = "key_result"
    objective: str = ""
    sql: str = ""
    unit: str = ""
    baseline: float = 0.0
    target: float = 1.0
    start: date = date.min
    due: date = date.max
    tables: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The key of its asset."""
        return self.name


@dataclass(frozen=True)
class Objective(Written):
    """What is aimed at, from `start` to `due`."""

    kind: ClassVar[str] = "objective"
    start: date = date.min
    due: date = date.max
    key_results: tuple[KeyResult, ...] = ()


@dataclass(frozen=True)
class Decision(Written):
    """What was decided (https://adr.github.io/madr/); context, options and so on are its text.

    Attributes:
        status: proposed, accepted, rejected, deprecated, or superseded.
        settles: names of the records that it settles: `request/12`, `roadmap/self-service`.
        superseded_by: id of the decision that replaces it.
    """

    kind: ClassVar[str] = "decision"
    status: str = "proposed"
    decided_on: date | None = None
    options: tuple[str, ...] = ()
    choice: str = ""
    settles: tuple[str, ...] = ()
    superseded_by: str = ""


@dataclass(frozen=True)
class RoadmapItem(Written):
    """What is built now, next or later.

    Attributes:
        deliverables: names of records, or keys of assets, that it brings.
        objective: id of the objective that it serves.
    """

    kind: ClassVar[str] = "roadmap"
    horizon: str = "later"
    target: date | None = None
    shipped_on: date | None = None
    deliverables: tuple[str, ...] = ()
    objective: str = ""


@dataclass(frozen=True)
class Action:
    """What somebody is to do; `done_on` is None until it is done."""

    what: str
    owner: str
    due: date
    done_on: date | None = None


@dataclass(frozen=True)
class Minutes(Written):
    """What a meeting brought; `decisions` are ids."""

    kind: ClassVar[str] = "minutes"
    held_on: date = date.min
    attendees: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True)
class Metric(Written):
    """What a number means: its definition, unit and SQL; `tables` are keys of assets."""

    kind: ClassVar[str] = "metric"
    definition: str = ""
    unit: str = ""
    sql: str = ""
    tables: tuple[str, ...] = ()
