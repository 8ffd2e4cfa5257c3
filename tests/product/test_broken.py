"""Links that lead nowhere: what is missing, who names it, what may be meant, and the way out."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from platform_assets.product import curated
from platform_assets.product.broken import Broken, broken, of_store, of_versions, whole
from platform_assets.product.curated import Curated
from platform_assets.product.kinds import Feedback, Request
from platform_assets.product.links import into_store, links
from platform_assets.product.resting import meant, resting, rests
from tests.product.curated_files import write

AT = datetime(2026, 7, 1, 9, tzinfo=UTC)
ASSETS = {"marts/orders", "raw/shop/orders", "report/weekly"}
CHECKS = {"marts/orders:unique"}
ONE = Request(1, "Orders", "mara", AT, AT)
TWO = replace(ONE, number=2)
SAID = Feedback(4, "report/weekly", "2026-07-01T063000Z", 5, "Good.", "jonas", AT)


@pytest.fixture
def written(tmp_path: Path) -> Curated:
    return curated.read(write(tmp_path), tmp_path)


def found(written: Curated, requests: Sequence[Request], said: Sequence[Feedback]) -> list[Broken]:
    """Return what leads nowhere of what people submitted, and of what names it."""
    people = {each.name for each in requests} | {each.name for each in said}
    every = links(written, requests, said)
    return of_store(every, {*written.by_name, *people}, ASSETS)


def told(faults: Sequence[Broken]) -> list[str]:
    return sorted(map(str, faults))


def test_links_that_lead_somewhere_are_not_broken(written: Curated) -> None:
    inside = [link for link in links(written) if not into_store(link)]
    assert len(inside) == 15
    assert broken(inside, {*written.by_name, *ASSETS}, CHECKS) == []
    assert found(written, [ONE, TWO], [SAID]) == []


def test_either_end_that_is_nothing_is_told_with_its_line_field_and_the_nearest_name(
    tmp_path: Path,
) -> None:
    folder = write(
        tmp_path,
        ("requirements/fast.md", "orders:unique", "orders:uniq"),
        ("requirements/fast.md", "report/weekly", "report/weakly"),
        ("decisions/one.md", "superseded_by: two", "superseded_by: twos"),
        ("metrics/orders.md", "marts.orders", "marts.order"),
    )
    written = curated.read(folder, tmp_path)
    inside = [link for link in links(written) if not into_store(link)]
    assert told(broken(inside, {*written.by_name, *ASSETS}, CHECKS)) == [
        "decisions/one.md:9: there is no record decision/twos, which decision/one names in "
        "`superseded_by`. Did you mean decision/two?",
        "metrics/orders.md:6: there is no asset marts/order, which metric/orders names in `sql`. "
        "Did you mean marts/orders?",
        "requirements/fast.md:7: there is no check marts/orders:uniq, which requirement/fast names "
        "in `check`. Did you mean marts/orders:unique?",
        "requirements/fast.md:9: there is no asset report/weakly, which requirement/fast names in "
        "`assets`. Did you mean report/weekly?",
    ]


def test_what_people_submit_is_told_with_its_page_and_where_to_mend_it(written: Curated) -> None:
    requests = [
        replace(ONE, requirement="fats", answered_by="report/weekl", about="marts/none"),
        replace(TWO, state="merged", merged_into=900, about="orders by hour/day"),
    ]
    faults = found(written, requests, [replace(SAID, about="report/gone")])
    out = "Lead it elsewhere, or let it rest: /catalog/triage/links."
    assert told(faults) == [
        "/catalog/feedback#feedback-4: there is no asset report/gone, which feedback/4 names in "
        f"`about`. {out}",
        "/catalog/request/1: there is no asset marts/none, which request/1 names in `about`. "
        f"{out}",
        "/catalog/request/1: there is no asset report/weekl, which request/1 names in "
        f"`answered_by`. Did you mean report/weekly? {out}",
        "/catalog/request/1: there is no record requirement/fats, which request/1 names in "
        f"`requirement`. Did you mean requirement/fast? {out}",
        "/catalog/request/2: there is no record request/900, which request/2 names in "
        f"`merged_into`. Did you mean request/2? {out}",
    ]


def test_what_the_team_writes_of_a_request_that_is_not_there_is_told_with_its_line(
    written: Curated,
) -> None:
    (fault,) = found(written, [ONE], [])
    assert str(fault) == (
        "requirements/fast.md:8: there is no record request/2, which requirement/fast names in "
        "`requests`. Did you mean request/1?"
    )
    assert (fault.page, fault.kind) == ("", "record")
    assert fault.way_out == "Name what is there in requirements/fast.md:8, or take the line out."


def test_where_nobody_said_anything_nothing_can_be_looked_up(written: Curated) -> None:
    assert found(written, [], []) == []


def test_links_without_the_broken_ones(written: Curated) -> None:
    requests = [replace(ONE, about="report/gone"), replace(TWO, about="report/weekly")]
    every = links(written, requests, [])
    kept = whole(every, found(written, requests, []))
    assert [each for each in every if each not in kept] == links(Curated(), [requests[0]])


def test_a_version_that_is_not_there_is_told_with_what_there_is() -> None:
    gone = replace(SAID, number=5, version="2026-07-02T063000Z")
    resting_one = replace(gone, number=6, version=resting(gone.version))
    none, elsewhere = replace(gone, number=7, version=""), replace(gone, about="report/gone")
    (fault,) = of_versions(
        [SAID, gone, resting_one, none, elsewhere],
        ASSETS,
        lambda key, version: None if version == SAID.version else [SAID.version],
    )
    assert str(fault) == (
        "/catalog/feedback#feedback-5: there is no version 2026-07-02T063000Z of report/weekly, "
        "which feedback/5 names in `version`. Did you mean 2026-07-01T063000Z? "
        "Lead it elsewhere, or let it rest: /catalog/triage/links."
    )


def test_what_rests_says_what_was_meant_once() -> None:
    assert resting("report/old") == resting(resting("report/old")) == "gone: report/old"
    assert rests("gone: report/old") and not rests("report/old") and resting("") == ""
    assert meant("gone: report/old") == meant("report/old") == "report/old"
