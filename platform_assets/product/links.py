"""What leads from one record to another, or to an asset.

What belongs here: reading links off records. What does not: where records are kept, which links
lead nowhere (`broken`).
"""

from collections.abc import Iterable, Iterator

from platform_assets.product.curated import Curated
from platform_assets.product.curated_kinds import (
    Decision,
    KeyResult,
    Metric,
    Minutes,
    Requirement,
    RoadmapItem,
    Written,
)
from platform_assets.product.kinds import SUBMITTED, Feedback, Link, Request, name_of
from platform_assets.product.resting import rests

_Ends = tuple[str, str, str, str]  # source, relation, target, and the target as it is written


def links(
    curated: Curated, requests: Iterable[Request] = (), feedback: Iterable[Feedback] = ()
) -> list[Link]:
    """Return every link among records, and from records to assets and checks, each once.

    What the team wrote says where; what both a request and its requirement say counts as written.
    """
    found = [*_written(curated), *_submitted(requests, feedback)]
    return list(dict.fromkeys(found))


def into_store(link: Link) -> bool:
    """Whether one end of a link is something that people submit: it is known in the store only."""
    return any(end.partition("/")[0] in SUBMITTED for end in (link.source, link.target))


def _written(curated: Curated) -> Iterator[Link]:
    """Yield what the team wrote."""
    for record, ends in _ends(curated):
        for source, relation, target, written in ends:
            line = record.lines.get(written, record.line)
            yield Link(source, relation, target, f"{record.file}:{line}")


def _ends(curated: Curated) -> Iterator[tuple[Written, Iterator[_Ends]]]:
    """Yield each record with the links that it writes down."""
    yield from ((each, _of_requirement(each)) for each in curated.requirements)
    yield from ((each, _of_key_result(each)) for each in curated.key_results)
    yield from ((each, _of_decision(each)) for each in curated.decisions)
    yield from ((each, _of_roadmap(each)) for each in curated.roadmap)
    yield from ((each, _of_minutes(each)) for each in curated.minutes)
    yield from ((each, _of_metric(each)) for each in curated.metrics)


def _of_requirement(each: Requirement) -> Iterator[_Ends]:
    for number in each.requests:
        yield name_of("request", number), "taken_up_by", each.name, str(number)
    for key in each.assets:
        yield each.name, "met_by", key, key
    if each.check:
        yield each.name, "verified_by", each.check, each.check


def _of_key_result(each: KeyResult) -> Iterator[_Ends]:
    for key in each.tables:
        yield each.key, "measured_from", key, key
    yield each.key, "measures", name_of("objective", each.objective), each.id


def _of_decision(each: Decision) -> Iterator[_Ends]:
    for record in each.settles:
        yield each.name, "settles", record, record
    if each.superseded_by:
        yield name_of("decision", each.superseded_by), "supersedes", each.name, each.superseded_by


def _of_roadmap(each: RoadmapItem) -> Iterator[_Ends]:
    for record in each.deliverables:
        yield each.name, "delivers", record, record
    if each.objective:
        yield each.name, "serves", name_of("objective", each.objective), each.objective


def _of_minutes(each: Minutes) -> Iterator[_Ends]:
    for decision in each.decisions:
        yield name_of("decision", decision), "minuted_in", each.name, decision


def _of_metric(each: Metric) -> Iterator[_Ends]:
    for key in each.tables:
        yield each.name, "defined_on", key, key


def _submitted(requests: Iterable[Request], feedback: Iterable[Feedback]) -> Iterator[Link]:
    """Yield what people submitted, and what was done with it."""
    for each in requests:
        if each.requirement:
            yield Link(each.name, "taken_up_by", name_of("requirement", each.requirement))
        if each.answered_by and not rests(each.answered_by):
            yield Link(each.name, "answered_by", each.answered_by)
        if is_key(each.about):
            yield Link(each.name, "about", each.about)
        if each.merged_into is not None:
            yield Link(each.name, "merged_into", name_of("request", each.merged_into))
        if each.split_from is not None:
            yield Link(each.name, "split_from", name_of("request", each.split_from))
    for said in feedback:
        if not rests(said.about):
            yield Link(said.name, "about", said.about)


def is_key(about: str) -> bool:
    """Whether what a request came from is an asset, and no search, and nothing that is gone."""
    return "/" in about and not any(character.isspace() for character in about)
