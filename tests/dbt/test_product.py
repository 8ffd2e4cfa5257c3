"""Demand in the warehouse: the backlog ranks as the pages do, and demand and feedback add up."""

import json
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from dbt.contracts.graph.manifest import Manifest

from platform_assets.product.evidence import gather
from platform_assets.product.formula import Formula
from platform_assets.product.kinds import INPUTS, STATES, Feedback, Link, Request
from platform_assets.product.priorities import METHODS, Method, Priority, rank
from tests.dbt.company_lake import CompanyLake, company_lake

VARCHAR = ["title", "state", "decision", "waiting_costs", "about", "reason", "requirement"]
VARCHAR += ["answered_by", "answered_version", "override_reason", "helped_words", "asker"]
REQUESTS = {
    "number": "BIGINT",
    **dict.fromkeys(VARCHAR, "VARCHAR"),
    **dict.fromkeys(["created_at", "accepted_at", "shipped_at", "ended_at"], "TIMESTAMP"),
    "needed_by": "DATE",
    **dict.fromkeys(["merged_into", "split_from", "asked", "comments"], "BIGINT"),
    **dict.fromkeys([*INPUTS, "override"], "DOUBLE"),
    "helped": "BOOLEAN",
}
FEEDBACK = {
    **dict.fromkeys(["number", "rating", "request"], "BIGINT"),
    **dict.fromkeys(["about", "version", "stage", "words", "answer", "author"], "VARCHAR"),
    **dict.fromkeys(["created_at", "answered_at"], "TIMESTAMP"),
}
LINKS = dict.fromkeys(["source", "relation", "target"], "VARCHAR")
USAGE = {"asset": "VARCHAR", "views_90d": "BIGINT"}
MODELS = ("stg_requests", "stg_feedback", "feedback_by_asset", "backlog", "demand_by_month")
OWN = Method(
    "custom",
    Formula(
        "(coalesce(value, 1.5) + greatest(urgency, risk) * asked) / coalesce(size, effort)"
        " + least(views_90d, 100) / 4 - feedback_count * -0.125 + objective_count / (reach - 5)"
    ),
)
BACKLOG = """
    SELECT
        rank, number, CAST(score AS DOUBLE), CAST(computed_score AS DOUBLE), method, arithmetic,
        overridden, asked, feedback_count, CAST(mean_rating AS DOUBLE), views_90d, objectives
    FROM marts.backlog
    ORDER BY rank
"""
ASSETS = ["marts/ad_spend", "report/acquisition", "report/product_funnel", ""]


@pytest.fixture(scope="module")
def module_lake(
    tmp_path_factory: pytest.TempPathFactory, manifest: Manifest
) -> Iterator[CompanyLake]:
    with company_lake(tmp_path_factory.mktemp("demand"), manifest) as made:
        made.execute("CREATE SCHEMA IF NOT EXISTS lake.product")
        yield made


@pytest.fixture
def lake(module_lake: CompanyLake) -> CompanyLake:
    module_lake.clear()
    module_lake.make("product", "requests", REQUESTS)
    module_lake.make("product", "feedback", FEEDBACK)
    module_lake.make("product", "links", LINKS)
    module_lake.make("marts", "asset_usage", USAGE)
    return module_lake


def at(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def put_requests(lake: CompanyLake, requests: list[Request]) -> None:
    """Insert requests as their table has them."""
    rows: list[dict[str, Any]] = []
    for one in requests:
        given = {name: getattr(one, name) for name in REQUESTS if name not in INPUTS}
        rows.append(
            {n: v.replace(tzinfo=None) if isinstance(v, datetime) else v for n, v in given.items()}
            | dict(one.inputs)
        )
    lake.insert("product", "requests", rows)


def put_feedback(lake: CompanyLake, feedback: list[Feedback]) -> None:
    rows = [{name: getattr(one, name) for name in FEEDBACK} for one in feedback]
    lake.insert(
        "product",
        "feedback",
        [{**row, "created_at": row["created_at"].replace(tzinfo=None)} for row in rows],
    )


def some_requests(dice: random.Random) -> list[Request]:
    """Requests in every state, estimated well, badly and not at all."""
    made = []
    for number in range(1, 121):
        inputs = {
            name: dice.choice([0, 1, 2.5, 3, 5, 0.8, 0.125, 120, 1234.5678, 1e6 / 3])
            for name in INPUTS
            if number % 10 and dice.random() < 0.85
        }
        override = dice.choice([None, None, None, 64, 2.675, -1.005, 0])
        made.append(
            Request(
                number,
                f"Request {number}",
                "ada@fernweh.example",
                at("2026-05-01") + timedelta(hours=number),
                at("2026-05-01"),
                state=dice.choice([*STATES, "new", "new", "accepted"]),
                about=dice.choice(ASSETS),
                requirement=dice.choice(["", "", "spend"]),
                inputs=inputs,
                override=override,
                override_reason=dice.choice(["", "It's agreed"]) if override is not None else "",
                voters=tuple(f"v{n}" for n in range(dice.randrange(4))),
            )
        )
    return made


def some_feedback(dice: random.Random) -> list[Feedback]:
    return [
        Feedback(n, dice.choice(ASSETS[:2]), "1", dice.randint(1, 5), "", "ben", at("2026-06-01"))
        for n in range(1, 81)
    ]


def some_links(requests: list[Request]) -> list[Link]:
    return [
        Link("requirement/spend", "met_by", "marts/ad_spend"),
        Link("key_result/cheaper", "measured_from", "marts/ad_spend"),
        Link("key_result/cheaper", "measures", "objective/growth"),
        Link("roadmap/answers", "serves", "objective/answers"),
        Link("roadmap/answers", "delivers", "requirement/spend"),
        *(Link("roadmap/answers", "delivers", one.name) for one in requests[::7]),
        *(Link(one.name, "taken_up_by", "requirement/spend") for one in requests[::5]),
        *(Link(one.name, "about", one.about) for one in requests if one.about),
    ]


def as_row(place: int, found: Priority) -> tuple[Any, ...]:
    """What `marts.backlog` is to say of a request."""
    evidence = found.evidence
    return (
        place,
        found.request.number,
        found.score,
        found.computed,
        found.method,
        found.arithmetic,
        found.overridden,
        evidence.asked,
        evidence.feedback,
        evidence.rating,
        evidence.views,
        ", ".join(evidence.objectives) or None,
    )


def test_the_backlog_ranks_and_explains_as_the_pages_do(lake: CompanyLake) -> None:
    dice = random.Random(6)
    requests, feedback = some_requests(dice), some_feedback(dice)
    links, views = some_links(requests), {"marts/ad_spend": 30, "report/acquisition": 412}
    put_requests(lake, requests)
    put_feedback(lake, feedback)
    lake.insert("product", "links", [{n: getattr(link, n) for n in LINKS} for link in links])
    lake.insert("marts", "asset_usage", [{"asset": a, "views_90d": n} for a, n in views.items()])
    evidence = gather(requests, feedback, links, views)
    lake.build("stg_requests", "stg_feedback", "feedback_by_asset")
    for method in (*METHODS.values(), OWN):
        chosen = {"priority_method": method.name, "priority_formula": method.formula.text}
        lake.build("backlog", "--vars", json.dumps(chosen))
        found = lake.rows(BACKLOG)
        ranked = rank(requests, method, evidence)
        assert found == [as_row(place, one) for place, one in enumerate(ranked, 1)]
        words = " ".join(row[5] for row in found)
        assert re.search("[a-z], [a-z]+ and [a-z]+ are not estimated", words)
        assert "; overridden with 2.68: It's agreed" in words
        assert ("divides by 0" in words) is (method is OWN)
        assert len({row[3] for row in found}) > 10


def test_feedback_tells_what_was_said_of_an_asset_and_of_its_newest_version(
    lake: CompanyLake,
) -> None:
    first = Feedback(1, "report/a", "v9", 1, "Wrong", "ben", at("2026-05-03"))
    said = [
        first,
        replace(first, number=2, rating=2, created_at=at("2026-05-01")),
        replace(first, number=3, rating=3, answer="It is mended"),
        # a version's name says nothing of its age
        replace(first, number=4, rating=4, version="v10", created_at=at("2026-06-01")),
        replace(first, number=5, rating=5, version="v10", created_at=at("2026-06-02")),
        replace(first, number=6, about="report/b", rating=1, answer="Sorry"),
    ]
    put_feedback(lake, said)
    lake.build("stg_feedback", "feedback_by_asset")
    counts = lake.rows(
        "SELECT about, feedback_count, mean_rating, good, bad, unanswered, bad_unanswered, "
        "strftime(oldest_bad_unanswered_at, '%d %b') FROM marts.feedback_by_asset ORDER BY 1"
    )
    assert counts == [
        ("report/a", 5, Decimal("3.00"), 2, 2, 4, 2, "01 May"),
        ("report/b", 1, Decimal("1.00"), 0, 1, 0, 0, None),
    ]
    newest = lake.rows(
        "SELECT about, newest_version, newest_version_feedback_count, newest_version_mean_rating, "
        "strftime(newest_at, '%d %b') FROM marts.feedback_by_asset ORDER BY 1"
    )
    assert newest == [
        ("report/a", "v10", 2, Decimal("4.50"), "02 Jun"),
        ("report/b", "v9", 1, Decimal("1.00"), "03 May"),
    ]
    assert set(lake.tests_of("stg_feedback", "feedback_by_asset").values()) == {"pass"}


def test_demand_is_counted_by_month_and_what_waits_adds_up(lake: CompanyLake) -> None:
    march = Request(1, "Days", "ada", at("2026-03-02T10:00:00"), at("2026-03-02"))

    def shipped(number: int, on: str, **given: Any) -> Request:
        done = replace(march, accepted_at=at("2026-03-31"), shipped_at=at(on), state="shipped")
        return replace(done, number=number, **given)

    put_requests(
        lake,
        [
            march,
            shipped(2, "2026-05-04T10:00:00"),
            shipped(3, "2026-05-04T22:00:00", state="closed", helped=True),
            shipped(4, "2026-05-06T10:00:00"),
            replace(march, number=5, state="declined", ended_at=at("2026-03-03")),
            replace(march, number=6, state="merged", ended_at=at("2026-05-01")),
            replace(march, number=7, created_at=at("2026-05-31T23:59:59"), state="accepted"),
        ],
    )
    lake.build("stg_requests", "demand_by_month")
    assert lake.rows("SELECT * FROM marts.demand_by_month ORDER BY month") == [
        (date(2026, 3, 1), 6, 3, 0, 0, 1, 5, None),
        (date(2026, 4, 1), 0, 0, 0, 0, 0, 5, None),
        (date(2026, 5, 1), 1, 0, 3, 1, 0, 2, Decimal("63.5")),
    ]
    assert set(lake.tests_of("stg_requests", "demand_by_month").values()) == {"pass"}


def test_a_platform_that_nobody_has_asked_for_anything_has_an_empty_backlog(
    lake: CompanyLake,
) -> None:
    lake.build(*MODELS)
    for model in ("backlog", "feedback_by_asset", "demand_by_month"):
        assert lake.table(f"marts.{model}") == []
    assert set(lake.tests_of("backlog").values()) == {"pass"}
