"""Cards, tables and funnels: what their values say."""

from decimal import Decimal

import pytest

from platform_assets.reporting import ReportError, view
from platform_assets.reporting.blocks import Funnel, Number, Table
from platform_assets.reporting.queries import Result


def kpi(now: object, before: object) -> dict[str, Result]:
    """Return a query with a value and an earlier one."""
    return {"k": Result("k", ("now", "before"), ((now, before),))}


def card(now: object, before: object, **fields: str) -> view.Change:
    """Return the comparison on a card."""
    number = Number.model_validate(
        {"label": "Revenue", "value": "k.now", "compare": {"before": "k.before"}, **fields}
    )
    return view.card(number, kpi(now, before)).changes[0]


@pytest.mark.parametrize(
    ("now", "before", "fields", "text", "arrow", "tone"),
    [
        (Decimal(110), Decimal(100), {}, "+10.0%", "▲", "good"),
        (90, 100, {}, "−10.0%", "▼", "bad"),
        (90, 100, {"good": "down"}, "−10.0%", "▼", "good"),
        (90, 100, {"good": "neutral"}, "−10.0%", "▼", ""),
        (100, 100, {}, "0.0%", "", ""),
        (100.01, 100, {}, "0.0%", "", ""),
        (5, 0, {}, "–", "", ""),
        (None, 4, {}, "–", "", ""),
        (4, None, {}, "–", "", ""),
        (0.031, 0.029, {"format": "percent(2)"}, "+0.20 pp", "▲", "good"),
    ],
)
def test_a_comparison_says_how_much_which_way_and_whether_it_is_good(
    now: object, before: object, fields: dict[str, str], text: str, arrow: str, tone: str
) -> None:
    change = card(now, before, **fields)
    assert (change.text, change.arrow, change.tone) == (text, arrow, tone)


def test_a_total_is_of_all_rows_and_a_ratio_is_of_the_sums() -> None:
    result = Result(
        "q",
        ("name", "spend", "revenue", "roas"),
        (("a", Decimal(100), Decimal(50), 0.5), ("b", Decimal(300), Decimal(1200), 4.0)),
    )
    table = Table.model_validate(
        {
            "query": "q",
            "limit": 1,
            "columns": {
                "name": "Name",
                "spend": {"format": "eur", "total": "sum", "bar": True},
                "revenue": {"format": "eur", "total": "average"},
                "roas": {"format": "ratio(2)", "total": "revenue / spend"},
            },
        }
    )
    grid = view.grid(table, result)
    assert [cell.text for cell in grid.total] == ["Total", "€400", "€625", "3.13×"]
    assert [cell.text for cell in grid.rows[0]] == ["a", "€100", "€50", "0.50×"]
    assert grid.left_out == 1
    assert grid.rows[0][1].bar == 33.3
    assert [cell.numeric for cell in grid.head] == [False, True, True, True]


def test_a_column_that_is_not_there_is_answered_with_the_nearest() -> None:
    table = Table.model_validate({"query": "q", "columns": ["revenu"]})
    with pytest.raises(ReportError, match="Did you mean `revenue`"):
        view.grid(table, Result("q", ("revenue",), ()))


def test_a_funnel_gives_the_share_of_the_first_and_of_the_step_before() -> None:
    result = Result("q", ("step", "n"), (("Session", 200), ("Cart", 50), ("Order", 10)))
    steps = view.steps(Funnel(query="q", step="step", value="n"), result)
    assert [step.of_first for step in steps] == ["100.0%", "25.0%", "5.0%"]
    assert [step.of_previous for step in steps] == ["", "25.0%", "20.0%"]
    assert [step.share for step in steps] == [100.0, 25.0, 5.0]


def test_a_funnel_from_nothing_has_no_shares() -> None:
    result = Result("q", ("step", "n"), (("Session", 0), ("Cart", None)))
    steps = view.steps(Funnel(query="q", step="step", value="n"), result)
    assert [(step.value, step.of_first) for step in steps] == [("0", "–"), ("–", "–")]


def test_a_sparkline_needs_two_values_and_leaves_gaps_out() -> None:
    assert view.sparkline([1]) == ""
    assert view.sparkline([1, None, 3]) == "3.0,25.0 117.0,3.0"
    assert view.sparkline([2, 2]) == "3.0,25.0 117.0,25.0"
