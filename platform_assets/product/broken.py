"""Which links lead nowhere, and the way out of each.

What belongs here: what is missing, who names it where, what may be meant, and how to say so. What
does not: reading links off records (`links`), who refuses what (`components`).
"""

import difflib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from platform_assets.product.kinds import KINDS, SUBMITTED, Feedback, Link
from platform_assets.product.links import into_store
from platform_assets.product.resting import rests

PAGE = "/catalog/triage/links"  # where links of what people submitted are mended
# The field that a link is read off: of what the team writes, and of what people submit.
_WRITTEN = {
    "taken_up_by": "requests",
    "met_by": "assets",
    "verified_by": "check",
    "measured_from": "sql",
    "measures": "objective",
    "settles": "settles",
    "supersedes": "superseded_by",
    "delivers": "deliverables",
    "serves": "objective",
    "minuted_in": "decisions",
    "defined_on": "sql",
}
_SUBMITTED = {"taken_up_by": "requirement"}  # all others are called as their field is
# What the team writes of these stands in the file of the record that the link leads to.
_AT_ITS_END = ("taken_up_by", "supersedes", "minuted_in")
# Of an asset's key and a version: what there is instead; None where it is there, or was once.
Lost = Callable[[str, str], Sequence[str] | None]


@dataclass(frozen=True)
class Broken:
    """That a record names something that is not there.

    Attributes:
        record, field: what names it, and in which of its fields.
        missing: a name, a key, or a check; the asset, where it has no such `version`.
        near: the nearest name that is one; "" for none.
        place: `file:line` where the team wrote it; "" where it was submitted.
    """

    record: str
    field: str
    missing: str
    near: str = ""
    place: str = ""
    version: str = ""

    @property
    def kind(self) -> str:
        """What is missing: record, asset, check or version."""
        if self.version:
            return "version"
        if self.field == "check":
            return "check"
        return "record" if self.missing.partition("/")[0] in KINDS else "asset"

    @property
    def what(self) -> str:
        """What is missing, in words."""
        if self.version:
            return f"version {self.version} of {self.missing}"
        return f"{self.kind} {self.missing}"

    @property
    def page(self) -> str:
        """The path of the record's page; "" of what the team wrote: its file says all."""
        if self.place:
            return ""
        if self.record.startswith("feedback/"):
            return f"/catalog/feedback#{self.record.replace('/', '-')}"
        return f"/catalog/{self.record}"

    @property
    def way_out(self) -> str:
        """What to do."""
        if self.place:
            return f"Name what is there in {self.place}, or take the line out."
        return f"Lead it elsewhere, or let it rest: {PAGE}."

    def __str__(self) -> str:
        """Return all of it in a sentence or two."""
        hint = f" Did you mean {self.near}?" if self.near else ""
        told = f"there is no {self.what}, which {self.record} names in `{self.field}`.{hint}"
        return f"{self.place}: {told}" if self.place else f"{self.page}: {told} {self.way_out}"


def broken(links: Iterable[Link], known: Collection[str], checks: Collection[str]) -> list[Broken]:
    """Return the links that lead nowhere, each end of them that is nothing.

    Args:
        links: what to look at.
        known: names of all records, and keys of all assets.
        checks: all checks, as `<asset key>:<name>`.
    """
    found = []
    for link in links:
        for end in (link.source, link.target):
            there = checks if (link.relation, end) == ("verified_by", link.target) else known
            if end not in there:
                found.append(_broken(link, end, there))
    return found


def whole(every: Iterable[Link], faults: Iterable[Broken]) -> list[Link]:
    """Return the links that none of the faults is of."""
    nowhere = {(fault.record, fault.field, fault.missing) for fault in faults}
    return [
        link
        for link in every
        if not any((*_said(link), end) in nowhere for end in (link.source, link.target))
    ]


def of_store(
    every: Iterable[Link], records: Collection[str], assets: Collection[str]
) -> list[Broken]:
    """Return the links from and to what people submit that lead nowhere.

    In a store where nobody has said anything, a developer's for one, nothing can be looked up.

    Args:
        every: all links; others than these are not looked at.
        records: names of all records.
        assets: keys of all assets.
    """
    if not any(name.partition("/")[0] in SUBMITTED for name in records):
        return []
    return broken(filter(into_store, every), {*records, *assets}, ())


def of_versions(feedback: Iterable[Feedback], assets: Collection[str], lost: Lost) -> list[Broken]:
    """Return the feedback on a version that is not there, though versions are kept.

    Args:
        assets: keys of all assets; one that is missing is told as that.
        lost: returns what there is instead of a version, newest first; None where the version is
            there, or nobody can know.
    """
    return [
        Broken(said.name, "version", said.about, _nearest(said.version, there), "", said.version)
        for said in feedback
        if said.version and said.about in assets and not rests(said.version)
        if (there := lost(said.about, said.version)) is not None
    ]


def _broken(link: Link, end: str, there: Collection[str]) -> Broken:
    record, field = _said(link)
    return Broken(record, field, end, _near(end, there), link.place)


def _said(link: Link) -> tuple[str, str]:
    """Return the record that a link is read off, and its field."""
    if not link.place:
        return link.source, _SUBMITTED.get(link.relation, link.relation)
    record = link.target if link.relation in _AT_ITS_END else link.source
    return record, _WRITTEN[link.relation]


def _near(end: str, there: Collection[str]) -> str:
    """Return the nearest name of the same kind; else of any, as the kind may be what is wrong."""
    kind, _, ident = end.partition("/")
    same = {name.partition("/")[2]: name for name in there if name.startswith(f"{kind}/")}
    if ident.isdecimal() and same and all(other.isdecimal() for other in same):
        return same[min(same, key=lambda other: abs(int(other) - int(ident)))]
    others = set(there).difference(same.values())
    return same.get(_nearest(ident, same), "") or _nearest(end, others)


def _nearest(name: str, there: Iterable[str]) -> str:
    return next(iter(difflib.get_close_matches(name, list(there), n=1)), "")
