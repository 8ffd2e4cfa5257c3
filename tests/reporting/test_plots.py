"""Scatter, heat map, cohort table, and charts of one's own."""

from datetime import date
from decimal import Decimal

import pytest

from platform_assets.reporting import ReportError, block_yaml, cohorts, plots, svg
from platform_assets.reporting.blocks import Cohort, Heatmap, Scatter, Vega
from platform_assets.reporting.queries import Result

CAMPAIGNS = Result(
    "q",
    ("name", "spend", "revenue", "service"),
    (
        ("Spring", Decimal("100.5"), 300, "Google"),
        ("<b>Brand", Decimal(50), 900, "Meta"),
        ("None", None, 10, "Meta"),
    ),
)


def block(text: str) -> object:
    """Return the block of a chart fence."""
    return block_yaml.parse("chart", text, 1)


def test_a_scatter_has_a_named_point_for_each_row(drawer: svg.Drawer) -> None:
    scatter = block(
        "{type: scatter, query: q, x: spend, y: revenue, color: service, label: name, "
        "format: eur, x_format: eur, x_title: Spend}"
    )
    assert isinstance(scatter, Scatter)
    drawing = plots.draw(scatter, CAMPAIGNS)
    assert drawing is not None
    assert [name for name, _ in drawing.legend] == ["Google", "Meta"]
    said = [row["t"] for row in drawing.wide["data"]["values"]]
    assert said[0] == "Spring · Google · €101, €300"
    text = drawer.draw([drawing.wide])[0]
    assert "&lt;b&gt;Brand" in text
    assert "€300" in text


def test_a_heat_map_grows_stronger_with_the_value(drawer: svg.Drawer) -> None:
    heat = block("{type: heatmap, query: q, x: hour, y: day, value: n}")
    assert isinstance(heat, Heatmap)
    rows = ((8, "Mon", 10), (9, "Mon", 40), (8, "Tue", None), (9, "Tue", 0))
    drawing = plots.draw(heat, Result("q", ("hour", "day", "n"), rows))
    assert drawing is not None
    strength = [row["o"] for row in drawing.wide["data"]["values"]]
    assert strength == pytest.approx([0.1675, 0.55, 0.04, 0.04])
    assert drawing.alt == "Heat map: n. Highest 40 (Mon, 9), lowest 0 (Tue, 9)."
    assert "Mon, 9: 40" in drawer.draw([drawing.wide])[0]


def test_a_chart_of_ones_own_gets_the_rows_and_the_theme(drawer: svg.Drawer) -> None:
    vega = block(
        "query: q\nalt: Points.\nspec:\n  mark: point\n  height: 100\n  encoding:\n"
        "    x: {field: day, type: temporal}\n    y: {field: n, type: quantitative}\n"
    )
    assert isinstance(vega, Vega)
    result = Result("q", ("day", "n"), ((date(2026, 1, 5), Decimal("1.5")),))
    drawing = plots.draw(vega, result)
    assert drawing is not None
    assert drawing.wide["data"]["values"] == [{"day": "2026-01-05T00:00:00", "n": 1.5}]
    assert drawing.wide["width"] > drawing.narrow["width"]
    assert "<path" in drawer.draw([drawing.wide])[0]


def test_a_chart_of_ones_own_fetches_nothing() -> None:
    spec = {"layer": [{"data": {"url": "http://evil.example/x.csv"}, "mark": "point"}]}
    vega = Vega(query="q", alt="A", spec=spec)
    with pytest.raises(ReportError, match="the specification fetches 'http://evil"):
        plots.draw(vega, CAMPAIGNS)


COHORTS = Result(
    "c",
    ("month", "since", "rate", "customers"),
    (
        (date(2026, 1, 1), 0, Decimal(1), 100),
        (date(2026, 1, 1), 1, Decimal("0.2"), 100),
        (date(2026, 1, 1), 10, Decimal("0.1"), 100),
        (date(2026, 2, 1), 0, Decimal(1), 300),
        (date(2026, 2, 1), 1, Decimal("0.4"), 300),
    ),
)


def test_a_cohort_table_has_gaps_where_time_has_not_come_and_weighted_averages() -> None:
    cohort = block(
        "{type: cohort, query: c, cohort: month, step: since, value: rate, size: customers, "
        "cohort_format: month, average: customers}"
    )
    assert isinstance(cohort, Cohort)
    found = cohorts.triangle(cohort, COHORTS)
    assert found.steps == ("0", "1", "10")
    assert [(row.name, row.size) for row in found.rows] == [
        ("January 2026", "100"),
        ("February 2026", "300"),
    ]
    assert [s and s.text for s in found.rows[1].squares] == ["100%", "40%", None]
    # The first step, where all are there, does not wash out the colours of the others.
    assert [s and s.share for s in found.rows[0].squares] == [100.0, 50.0, 25.0]
    assert found.average is not None
    assert [s and s.value for s in found.average.squares] == [1, Decimal("0.35"), Decimal("0.1")]


def test_a_setting_that_a_scatter_lacks_is_answered_with_the_nearest() -> None:
    with pytest.raises(ReportError, match=r"a scatter has no setting `colour`"):
        block("type: scatter\nquery: q\nx: a\ny: b\ncolour: c")
