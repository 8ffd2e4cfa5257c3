"""Links among records: what leads where, and what leads nowhere."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from platform_assets.product import curated
from platform_assets.product.curated import Curated
from platform_assets.product.kinds import Feedback, Link, Request
from platform_assets.product.links import broken, into_store, links
from tests.product.curated_files import write

AT = datetime(2026, 7, 1, 9, tzinfo=UTC)
ASSETS = {"marts/orders", "raw/shop/orders", "report/weekly"}
CHECKS = {"marts/orders:unique"}


@pytest.fixture
def written(tmp_path: Path) -> Curated:
    return curated.read(write(tmp_path), tmp_path)


def ends(found: list[Link]) -> set[tuple[str, str, str]]:
    return {(link.source, link.relation, link.target) for link in found}


def test_what_the_team_writes_leads_on(written: Curated) -> None:
    assert ends(links(written)) == {
        ("request/1", "taken_up_by", "requirement/fast"),
        ("request/2", "taken_up_by", "requirement/fast"),
        ("requirement/fast", "met_by", "marts/orders"),
        ("requirement/fast", "met_by", "report/weekly"),
        ("requirement/fast", "verified_by", "marts/orders:unique"),
        ("key_result/more-orders", "measured_from", "marts/orders"),
        ("key_result/more-orders", "measured_from", "raw/shop/orders"),
        ("key_result/fewer-returns", "measured_from", "marts/orders"),
        ("key_result/more-orders", "measures", "objective/grow"),
        ("key_result/fewer-returns", "measures", "objective/grow"),
        ("decision/one", "settles", "request/1"),
        ("decision/one", "settles", "requirement/fast"),
        ("decision/two", "supersedes", "decision/one"),
        ("decision/one", "minuted_in", "minutes/2026-07-09"),
        ("roadmap/speed", "delivers", "report/weekly"),
        ("roadmap/speed", "delivers", "requirement/fast"),
        ("roadmap/speed", "serves", "objective/grow"),
        ("metric/orders", "defined_on", "marts/orders"),
    }


def test_what_people_submit_leads_on() -> None:
    plain = Request(1, "Orders", "mara", AT, AT)
    requests = [
        replace(plain, requirement="fast", answered_by="report/weekly", about="marts/orders"),
        replace(plain, number=2, state="merged", merged_into=1, about="orders by hour"),
        replace(plain, number=3, split_from=2, about=""),
    ]
    said = [Feedback(4, "report/weekly", "2026-07-01T063000Z", 5, "Good.", "jonas", AT)]
    assert ends(links(Curated(), requests, said)) == {
        ("request/1", "taken_up_by", "requirement/fast"),
        ("request/1", "answered_by", "report/weekly"),
        ("request/1", "about", "marts/orders"),
        ("request/2", "merged_into", "request/1"),
        ("request/3", "split_from", "request/2"),
        ("feedback/4", "about", "report/weekly"),
    }


def test_what_both_say_is_one_link_that_tells_where_it_is_written(written: Curated) -> None:
    request = Request(1, "Orders", "mara", AT, AT, requirement="fast")
    (found,) = [
        link
        for link in links(written, [request])
        if (link.source, link.relation) == ("request/1", "taken_up_by")
    ]
    assert found.place == "requirements/fast.md:8"


def test_links_that_lead_somewhere_are_not_broken(written: Curated) -> None:
    inside = [link for link in links(written) if not into_store(link)]
    assert len(inside) == 15
    assert broken(inside, {*written.by_name, *ASSETS}, CHECKS) == []


def test_either_end_that_is_nothing_is_told_with_its_line_and_the_nearest_name(
    tmp_path: Path,
) -> None:
    folder = write(
        tmp_path,
        ("requirements/fast.md", "orders:unique", "orders:uniq"),
        ("requirements/fast.md", "report/weekly", "report/weakly"),
        ("decisions/one.md", "superseded_by: two", "superseded_by: three"),
        ("metrics/orders.md", "marts.orders", "marts.order"),
    )
    written = curated.read(folder, tmp_path)
    inside = [link for link in links(written) if not into_store(link)]
    assert sorted(broken(inside, {*written.by_name, *ASSETS}, CHECKS)) == [
        "decisions/one.md:9: there is no record or asset decision/three "
        "(decision/three supersedes decision/one). Did you mean decision/two?",
        "metrics/orders.md:6: there is no record or asset marts/order "
        "(metric/orders defined on marts/order). Did you mean marts/orders?",
        "requirements/fast.md:7: there is no check marts/orders:uniq "
        "(requirement/fast verified by marts/orders:uniq). Did you mean marts/orders:unique?",
        "requirements/fast.md:9: there is no record or asset report/weakly "
        "(requirement/fast met by report/weakly). Did you mean report/weekly?",
    ]


def test_a_link_of_the_store_is_told_without_a_place() -> None:
    link = Link("request/2", "merged_into", "request/900")
    assert broken([link], {"request/1", "request/2"}, ()) == [
        "there is no record or asset request/900 (request/2 merged into request/900). "
        "Did you mean request/2?"
    ]
