"""Links among records: what leads where."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from platform_assets.product import curated
from platform_assets.product.curated import Curated
from platform_assets.product.kinds import Feedback, Link, Request
from platform_assets.product.links import links
from tests.product.curated_files import write

AT = datetime(2026, 7, 1, 9, tzinfo=UTC)


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
        replace(plain, number=4, about="gone: report/old", answered_by="gone: report/old"),
    ]
    good = Feedback(4, "report/weekly", "2026-07-01T063000Z", 5, "Good.", "jonas", AT)
    said = [good, replace(good, number=5, about="gone: report/old")]
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
