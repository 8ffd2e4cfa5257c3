"""What comes next: scores, their arithmetic in words, the order, and the evidence beside them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from platform_assets.product.evidence import Evidence, gather
from platform_assets.product.formula import Formula, number_text, rounded
from platform_assets.product.kinds import Feedback, Link, Request
from platform_assets.product.priorities import METHODS, Method, declared, rank, score
from resources.errors import PlatformError
from resources.settings import PROJECT_ROOT, settings

AT = datetime(2026, 8, 1, tzinfo=UTC)


def request(number: int = 1, **given: Any) -> Request:
    return Request(number, f"Request {number}", "ada@fernweh.example", AT, AT, **given)


def custom(formula: str) -> Method:
    return Method("custom", Formula(formula))


def test_rice_is_shown_as_it_is_reckoned() -> None:
    inputs = {"reach": 120, "impact": 2, "confidence": 0.8, "effort": 3}
    found = score(request(inputs=inputs))
    assert found.score == 64.0
    assert found.arithmetic == "reach 120 × impact 2 × confidence 0.8 ÷ effort 3 = 64"
    assert not found.overridden


def test_wsjf_divides_the_cost_of_delay_by_the_size() -> None:
    inputs = {"value": 8, "urgency": 5, "risk": 3, "size": 5}
    found = score(request(inputs=inputs), "wsjf")
    assert found.score == 3.2
    assert found.arithmetic == "(value 8 + urgency 5 + risk 3) ÷ size 5 = 3.2"


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"impact": 1, "confidence": 1}, "reach and effort are not estimated"),
        ({}, "reach, impact, confidence and effort are not estimated"),
        ({"reach": 0, "impact": 1, "confidence": 1}, "effort is not estimated"),
        ({"reach": 9, "impact": 1, "confidence": 1, "effort": 0}, "effort is not estimated"),
    ],
)
def test_what_is_not_estimated_is_named_and_gives_no_score(
    inputs: dict[str, float], words: str
) -> None:
    found = score(request(inputs=inputs))
    assert (found.score, found.arithmetic) == (None, words)


def test_an_override_replaces_the_score_and_its_reason_stays_visible() -> None:
    inputs = {"reach": 10, "impact": 1, "confidence": 1, "effort": 4}
    found = score(request(inputs=inputs, override=90, override_reason="The audit is in May"))
    assert (found.score, found.computed, found.overridden) == (90.0, 2.5, True)
    assert found.arithmetic == (
        "reach 10 × impact 1 × confidence 1 ÷ effort 4 = 2.5; "
        "overridden with 90: The audit is in May"
    )
    found = score(request(override=0.0))
    assert found.score == 0.0
    assert found.arithmetic.endswith("are not estimated; overridden with 0")


def test_a_formula_of_ones_own_may_count_with_the_evidence_and_fall_back() -> None:
    method = custom("coalesce(reach, 10 * asked) * impact / (size + 1) - views_90d / 4")
    evidence = Evidence(asked=3, views=2)
    found = score(request(inputs={"impact": 2, "size": 3}), method, evidence)
    assert found.score == 14.5
    assert found.arithmetic == (
        "coalesce(reach none, 10 * asked 3) * impact 2 / (size 3 + 1) - views_90d 2 / 4 = 14.5"
    ).replace("*", "×").replace("/", "÷")
    found = score(request(inputs={"size": 3}), method, evidence)
    assert found.arithmetic == "impact is not estimated"
    # what falls back in one place is still needed in another
    assert Formula("coalesce(reach, 1) + reach").missing({}) == ("reach",)


def test_least_and_greatest_leave_out_what_is_missing_as_sql_does() -> None:
    formula = Formula("least(coalesce(reach, 500), 100) + greatest(1, coalesce(value, -2.5))")
    assert formula.value({}) == 101.0
    assert formula.value({"reach": 7, "value": 3}) == 10.0


def test_a_division_by_nothing_gives_no_score() -> None:
    found = score(request(inputs={"size": 4}), custom("asked / (size - 4)"))
    assert (found.score, found.arithmetic) == (None, "asked 1 ÷ (size 4 - 4) divides by 0")


@pytest.mark.parametrize(
    "text",
    [
        "reach *",
        "",
        "revenue * 2",
        "reach ** 2",
        "reach // 2",
        "reach --1",
        "reach # twice",
        "0x10 * reach",
        "1_000 * reach",
        "Reach",
        "reach if asked else 1",
        "__import__('os').getcwd()",
        "coalesce(reach)",
        "coalesce(*reach)",
        "reach / ((size + 1) * 2)",
        "(select 1)",
        "reach; value",
    ],
)
def test_a_formula_that_is_no_arithmetic_is_refused_with_the_way_out(text: str) -> None:
    with pytest.raises(PlatformError) as refused:
        Formula(text)
    assert f"`{text}`" in refused.value.message
    assert "coalesce(reach, 10) * impact / effort" in refused.value.hint


def test_halves_are_rounded_up_and_zeros_at_the_end_left_out() -> None:
    assert [rounded(v, 2) for v in (0.125, 2.675, -0.125, 64.0)] == [0.13, 2.68, -0.12, 64.0]
    shown = [number_text(v, 4) for v in (120, 0.85, 100.5, 0, -3.25, 0.00001, 1e7)]
    assert shown == ["120", "0.85", "100.5", "0", "-3.25", "0", "10000000"]


def test_the_order_is_by_score_then_by_who_asked_then_by_age() -> None:
    def scored(number: int, points: float | None, voters: int = 0, state: str = "new") -> Request:
        people = tuple(f"v{n}" for n in range(voters))
        return request(number, override=points, voters=people, state=state)

    ranked = rank(
        [
            scored(1, None),
            scored(2, 5),
            scored(3, 5, voters=2, state="accepted"),
            scored(4, 8),
            scored(5, None, voters=4),
            scored(6, 5),
            scored(7, 99, state="shipped"),
            scored(8, 99, state="declined"),
            scored(9, 0),
            scored(10, -1),
        ],
        evidence={2: Evidence(views=12)},
    )
    assert [p.request.number for p in ranked] == [4, 3, 2, 6, 9, 10, 5, 1]
    assert ranked[2].evidence.views == 12


def test_the_method_is_the_one_that_dbt_uses(
    project_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert declared().name in {*METHODS, "custom"}  # of the project itself
    monkeypatch.setenv("PLATFORM_DBT_DIR", str(tmp_path))
    settings.cache_clear()
    project = tmp_path / "dbt_project.yml"
    project.write_text("name: platform\n")
    assert declared() == METHODS["rice"]
    project.write_text("vars: {priority_method: wsjf}\n")
    assert declared() == METHODS["wsjf"]
    project.write_text("vars: {priority_method: custom, priority_formula: reach / effort}\n")
    assert declared() == custom("reach / effort")
    project.write_text("vars: {priority_method: loudest}\n")
    with pytest.raises(PlatformError, match=r"dbt_project\.yml: `priority_method` is `loudest`"):
        declared()
    project.write_text("vars: {priority_method: custom}\n")
    with pytest.raises(PlatformError, match="formula of priorities"):
        declared()


def test_the_macro_has_the_same_formulas() -> None:
    macro = (PROJECT_ROOT / "dbt" / "macros" / "priority.sql").read_text()
    for name, method in METHODS.items():
        assert f"'{name}': '{method.formula.text}'" in macro


def feedback(number: int, about: str, rating: int) -> Feedback:
    return Feedback(number, about, "1", rating, "So so", "ben@fernweh.example", AT)


def test_evidence_is_what_was_said_of_what_exists_and_how_it_is_used() -> None:
    asked = request(1, about="report/acquisition", voters=("ada@fernweh.example", "ben"))
    said = [feedback(1, "report/acquisition", 2), feedback(2, "report/acquisition", 5)]
    said += [feedback(3, "report/acquisition", 1), feedback(4, "report/other", 5)]
    found = gather([asked, request(2)], said, [], {"report/acquisition": 40})
    assert found[1] == Evidence(asked=2, feedback=3, rating=2.67, views=40)
    assert found[2] == Evidence()


def test_a_request_serves_the_objectives_that_its_requirement_or_the_roadmap_leads_to() -> None:
    links = [
        Link("requirement/spend", "met_by", "marts/ad_spend"),
        Link("key_result/cheaper", "measured_from", "marts/ad_spend"),
        Link("key_result/cheaper", "measures", "objective/growth"),
        Link("key_result/other", "measured_from", "marts/fct_orders"),
        Link("key_result/other", "measures", "objective/elsewhere"),
        Link("roadmap/self-service", "delivers", "request/2"),
        Link("roadmap/self-service", "delivers", "requirement/spend"),
        Link("roadmap/self-service", "serves", "objective/answers"),
        Link("request/3", "taken_up_by", "requirement/spend"),
    ]
    requests = [request(1, requirement="spend"), request(2), request(3), request(4)]
    found = {n: e.objectives for n, e in gather(requests, [], links).items()}
    assert found == {1: ("answers", "growth"), 2: ("answers",), 3: ("answers", "growth"), 4: ()}
