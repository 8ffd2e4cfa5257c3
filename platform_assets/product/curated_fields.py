"""The fields of each kind of record that the team writes, and what makes a file wrong.

What belongs here: front matter, its checks, and the record that it becomes. What does not: reading
files (`curated_file`), the words for a field that is wrong (`curated_words`), SQL (`curated_sql`).
"""

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from platform_assets.product import curated_sql
from platform_assets.product.curated_file import Fault, Page
from platform_assets.product.curated_kinds import (
    Action,
    Decision,
    KeyResult,
    Metric,
    Minutes,
    Objective,
    Requirement,
    RoadmapItem,
    Written,
)
from platform_assets.product.curated_words import faults_of


def _day(value: object) -> object:
    """Refuse what pydantic would take for a day though nobody writes one so: numbers, times."""
    if isinstance(value, str) and len(value) == len("2026-07-31"):
        return value
    raise ValueError("write a day as 2026-07-31")


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Day = Annotated[date, BeforeValidator(_day)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$")]


class _Fields(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Head(_Fields):
    """What every record has; `record` makes the record of a page."""

    title: Text
    owner: Text

    def record(self, page: Page) -> Written:
        """Return the record that these fields and the page's text make."""
        raise NotImplementedError

    def _said(self, page: Page) -> dict[str, Any]:
        """Return what all records have, and their own fields."""
        return dict(self) | {
            "id": page.slug,
            "text": page.text,
            "file": page.file,
            "line": page.line(("title",)),
            "lines": page.lines,
        }


class RequirementHead(Head):
    """Of a requirement."""

    statement: Text
    rationale: str = ""
    acceptance: tuple[Text, ...] = ()
    check: Annotated[str, StringConstraints(pattern=r"^([^:\s]+:[^:\s]+)?$")] = ""
    status: Literal["proposed", "agreed", "met", "dropped"] = "proposed"
    requests: tuple[Annotated[int, Field(strict=True, ge=1)], ...] = ()
    assets: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _met_means_verified(self) -> Self:
        if self.status == "met" and not self.check:
            raise ValueError("it is met: name the `check` that verifies it")
        return self

    def record(self, page: Page) -> Requirement:
        """Return the requirement."""
        return Requirement(**self._said(page))


class KeyResultHead(_Fields):
    """Of one key result of an objective; owner and time are the objective's where not given."""

    id: Id
    title: Text
    sql: Text
    unit: str = ""
    baseline: Number
    target: Number
    owner: str = ""
    start: Day | None = None
    due: Day | None = None

    @model_validator(mode="after")
    def _has_a_way_to_go(self) -> Self:
        if self.baseline == self.target:
            raise ValueError("`target` is the baseline: there is nothing to reach")
        return self


class ObjectiveHead(Head):
    """Of an objective."""

    start: Day
    due: Day
    key_results: tuple[KeyResultHead, ...] = ()

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.start >= self.due:
            raise ValueError(f"`due` is {self.due}, which is not after `start`, {self.start}")
        for each in self.key_results:
            start, due = each.start or self.start, each.due or self.due
            if start >= due:
                raise ValueError(
                    f"`key_results`: {each.id} is due on {due}, which is not after {start}"
                )
        return self

    def record(self, page: Page) -> Objective:
        """Return the objective with its key results."""
        results = [self._result(page, place, each) for place, each in enumerate(self.key_results)]
        return Objective(**self._said(page) | {"key_results": tuple(results)})

    def _result(self, page: Page, place: int, said: KeyResultHead) -> KeyResult:
        return KeyResult(
            id=said.id,
            title=said.title,
            owner=said.owner or self.owner,
            file=page.file,
            line=page.line(("key_results", place)),
            lines=_lines(page, ("key_results", place, "sql"), said.sql),
            objective=page.slug,
            sql=said.sql,
            unit=said.unit,
            baseline=said.baseline,
            target=said.target,
            start=said.start or self.start,
            due=said.due or self.due,
            tables=_tables(said.sql),
        )


class DecisionHead(Head):
    """Of a decision."""

    status: Literal["proposed", "accepted", "rejected", "deprecated", "superseded"] = "proposed"
    decided_on: Day | None = None
    options: tuple[Text, ...] = ()
    choice: str = ""
    settles: tuple[Text, ...] = ()
    superseded_by: str = ""

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.status != "proposed" and self.decided_on is None:
            raise ValueError(f"it is {self.status}: say when, `decided_on: …`")
        if self.status == "accepted" and not self.choice:
            raise ValueError("it is accepted: say what was chosen, `choice: …`")
        if (self.status == "superseded") != bool(self.superseded_by):
            raise ValueError("`status: superseded` and `superseded_by: …` go together")
        return self

    def record(self, page: Page) -> Decision:
        """Return the decision."""
        return Decision(**self._said(page))


class RoadmapHead(Head):
    """Of a roadmap item."""

    horizon: Literal["now", "next", "later", "done"] = "later"
    target: Day | None = None
    shipped_on: Day | None = None
    deliverables: tuple[Text, ...] = ()
    objective: str = ""

    @model_validator(mode="after")
    def _done_has_a_day(self) -> Self:
        if (self.horizon == "done") != (self.shipped_on is not None):
            raise ValueError("`horizon: done` and `shipped_on: …` go together")
        return self

    def record(self, page: Page) -> RoadmapItem:
        """Return the item."""
        return RoadmapItem(**self._said(page))


class ActionHead(_Fields):
    """Of one action that a meeting brought."""

    what: Text
    owner: Text
    due: Day
    done_on: Day | None = None


class MinutesHead(Head):
    """Of minutes."""

    held_on: Day
    attendees: tuple[Text, ...] = ()
    decisions: tuple[Text, ...] = ()
    actions: tuple[ActionHead, ...] = ()

    def record(self, page: Page) -> Minutes:
        """Return the minutes with their actions."""
        actions = tuple(Action(**dict(each)) for each in self.actions)
        return Minutes(**self._said(page) | {"actions": actions})


class MetricHead(Head):
    """Of a metric."""

    definition: Text
    unit: Text
    sql: Text

    def record(self, page: Page) -> Metric:
        """Return the metric."""
        lines = page.lines | _lines(page, ("sql",), self.sql)
        return Metric(**self._said(page) | {"tables": _tables(self.sql), "lines": lines})


HEADS: dict[str, type[Head]] = {
    "requirement": RequirementHead,
    "objective": ObjectiveHead,
    "decision": DecisionHead,
    "roadmap": RoadmapHead,
    "minutes": MinutesHead,
    "metric": MetricHead,
}


def record(kind: str, page: Page) -> tuple[Written | None, list[Fault]]:
    """Return the record that a page holds; or None, and all that is wrong with it."""
    try:
        head = HEADS[kind].model_validate(page.values)
    except ValidationError as error:
        return None, list(faults_of(kind, HEADS[kind], error, page))
    faults = list(_wrong_sql(head, page))
    return (None, faults) if faults else (head.record(page), [])


def _tables(sql: str) -> tuple[str, ...]:
    return curated_sql.parse(sql).tables


def _lines(page: Page, path: tuple[int | str, ...], sql: str) -> dict[str, int]:
    """Return where a query names its tables, which is where it stands, and where it begins."""
    return dict.fromkeys(_tables(sql), page.line(path)) | {"sql": page.text_line(path)}


def _wrong_sql(head: Head, page: Page) -> list[Fault]:
    """Return what is wrong with the queries of a record."""
    found = []
    queries: list[tuple[tuple[int | str, ...], str, tuple[str, ...]]] = []
    if isinstance(head, ObjectiveHead):
        queries = [
            (("key_results", place, "sql"), each.sql, curated_sql.MEASURED)
            for place, each in enumerate(head.key_results)
        ]
    elif isinstance(head, MetricHead):
        queries = [(("sql",), head.sql, ())]
    for path, sql, columns in queries:
        try:
            curated_sql.check(sql, columns)
        except curated_sql.WrongSql as error:
            found.append(Fault(page.file, page.text_line(path) + error.line - 1, error.message))
    return found
