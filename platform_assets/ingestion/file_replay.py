"""What records brought, kept so that it can be told again to another plan.

What belongs here: one meeting of records and plan, as plain data that travels. What does not: what
a plan makes of columns (`file_plan`), who reads files elsewhere (`file_cluster`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from platform_assets.ingestion.file_plan import Plan
from resources.warehouse.extract_cast import Field


@dataclass(frozen=True)
class Met:
    """Records that have the same columns, as a plan met them.

    Attributes:
        wires: of each source name, the SQL column and its type, in their order.
        bringers: the file that brought each name first.
        renamed: names that the source gives twice: the name in `wires` → the source's.
        header: file of which the columns that it does not bring are told; None for files without.
        whole: there were more names than columns: which became columns hangs on those known before.
    """

    wires: Mapping[str, tuple[str, str]]
    bringers: Mapping[str, str]
    renamed: Mapping[str, str] = field(default_factory=dict)
    header: str | None = None
    whole: bool = False

    def on(self, plan: Plan) -> list[Field]:
        """Let the plan meet them; return what becomes of each column."""
        if self.header is not None:
            plan.missing(list(self.wires), self.header)
        return plan.fields(self.wires, self.bringers.__getitem__, self.renamed)


@dataclass(frozen=True)
class Meeting:
    """What one meeting came to.

    Attributes:
        fields: what became of each column.
    """

    met: Met
    fields: Sequence[Field]


def agrees(plan: Plan, meetings: Sequence[Meeting]) -> bool:
    """Tell the plan of meetings that another one had; return whether it makes the same of them.

    Where it does not, the plan is of no more use: keep a copy.
    """
    for meeting in meetings:
        known = list(plan.types)
        if list(meeting.fields) != meeting.met.on(plan):
            return False
        if meeting.met.whole and list(plan.types) != known:
            return False
    return True
