"""What is drawn of a chart block, and what is said of it."""

import json
from datetime import date, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest

from platform_assets.reporting import ReportError, charts, marks, palette, svg
from platform_assets.reporting.blocks import Chart
from platform_assets.reporting.queries import Result

QUOTES = "'] + `\"\\ + ${x}"
MONDAY = date(2026, 3, 2)


def daily(days: int = 28) -> Result:
    """Return `days` days with a value that grows and a second series."""
    rows = tuple((MONDAY + timedelta(days=n), 100.0 + n, 50.0) for n in range(days))
    return Result("q", ("day", "value", "other"), rows)


def chart(**fields: Any) -> Chart:
    """Return a chart block of query `q`."""
    return Chart.model_validate({"type": "line", "query": "q", "x": "day", "y": "value", **fields})


def test_the_alternative_text_names_span_highest_and_lowest() -> None:
    drawing = charts.draw(chart(title="Revenue", format="eur"), {"q": daily()})
    assert drawing is not None
    assert drawing.alt == (
        "Line chart: Revenue. From Mon 2 Mar 2026 to Sun 29 Mar 2026; "
        "highest €127 (Sun 29 Mar 2026), lowest €100 (Mon 2 Mar 2026)."
    )


def test_a_chart_without_rows_is_none() -> None:
    assert charts.draw(chart(), {"q": daily(0)}) is None


def test_too_many_rows_are_cut_and_the_chart_says_so() -> None:
    rows = tuple((str(n), n) for n in range(charts.POINT_CAP + 3))
    drawing = charts.draw(chart(x="a", y="b"), {"q": Result("q", ("a", "b"), rows)})
    assert drawing is not None
    assert drawing.note.startswith("The first 5,000 of 5,003 values are drawn")
    assert len(drawing.wide["data"]["values"]) == charts.POINT_CAP


def test_the_emphasised_series_has_colour_and_the_others_step_back() -> None:
    block = chart(y={"value": "Day", "other": "Mean"}, emphasis="other")
    drawing = charts.draw(block, {"q": daily()})
    assert drawing is not None
    assert dict(drawing.legend) == {"Day": palette.colour("faint"), "Mean": palette.series(0)}
    with pytest.raises(ReportError, match="`nope`, which is no series"):
        charts.draw(chart(emphasis="nope"), {"q": daily()})


def test_analysts_column_names_are_no_fields_of_the_drawing(drawer: svg.Drawer) -> None:
    result = Result("q", (QUOTES, "a.b[0]"), (("one", 1), ("two", 2)))
    block = chart(type="bar", x=QUOTES, y={"a.b[0]": QUOTES})
    drawing = charts.draw(block, {"q": result})
    assert drawing is not None
    assert "a.b[0]" not in json.dumps(drawing.wide)
    assert "two" in drawer.draw([drawing.wide])[0]


@pytest.mark.parametrize(
    ("days", "most", "written", "pattern"),
    [
        (3, 12, ["2026-03-02", "2026-03-03", "2026-03-04"], "%a %-d"),
        (28, 12, ["2026-03-02", "2026-03-09", "2026-03-16", "2026-03-23"], "%-d %b"),
        (30, 3, ["2026-03-02", "2026-03-16", "2026-03-30"], "%-d %b"),
        (240, 5, ["2026-04-01", "2026-06-01", "2026-08-01", "2026-10-01"], "%b %y"),
    ],
)
def test_a_time_axis_marks_days_mondays_or_months(
    days: int, most: int, written: list[str], pattern: str
) -> None:
    ticks, found = marks.time_ticks(MONDAY, MONDAY + timedelta(days=days - 1), most)
    assert [tick.isoformat() for tick in ticks] == written
    assert len(ticks) <= most
    assert found == pattern


def test_drawn_text_stays_text_and_hostile_names_stay_text(drawer: svg.Drawer) -> None:
    rows = (("<script>alert(1)</script>", 3), ("Ärmel & Co\x00", 2), (QUOTES, 1))
    result = Result("q", ("name", "n"), rows)
    drawing = charts.draw(chart(type="bar", x="name", y="n", format="eur"), {"q": result})
    assert drawing is not None
    drawn = drawer.draw([drawing.wide, drawing.narrow])
    page = [svg.embed(text, f"c{number}-") for number, text in enumerate(drawn)]
    for number, text in enumerate(page):
        root = ElementTree.fromstring(text)
        words = {node.text for node in root.iter(f"{{{svg.SVG}}}text")}
        assert {"€3", "€2", "€1", "Ärmel & Co�", QUOTES} <= words
        assert not list(root.iter("script"))
        ids = [node.attrib["id"] for node in root.iter() if "id" in node.attrib]
        assert all(name.startswith(f"c{number}-") for name in ids)
    assert "<script" not in "".join(page)


def test_a_drawing_that_fails_is_an_error_in_words_and_the_next_one_works(
    drawer: svg.Drawer,
) -> None:
    with pytest.raises(ReportError, match="the charts could not be drawn"):
        drawer.draw([{"mark": {"type": "nonsense"}, "data": {"values": [{}]}, "encoding": 5}])
    assert "<svg" in drawer.draw([{"mark": "point", "data": {"values": [{}]}}])[0]


def test_a_drawing_process_that_dies_is_an_error_in_words() -> None:
    with svg.Drawer() as drawer:
        drawer.process.kill()
        with pytest.raises(ReportError, match="too much memory"):
            drawer.draw([{"mark": "point", "data": {"values": [{}]}}])


def luminance(colour: str) -> float:
    """Return the relative luminance of `#rrggbb` (WCAG 2.2)."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours (WCAG 2.2)."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colours", [palette.LIGHT, palette.DARK], ids=["light", "dark"])
def test_text_and_series_stand_out_from_their_ground(colours: dict[str, str]) -> None:
    for name in ("ink", "muted", "accent", "good", "bad", "warn"):
        assert contrast(colours[name], colours["ground"]) >= 4.5, name
        assert contrast(colours[name], colours["page"]) >= 4.5, name
    for name in palette.SERIES:
        assert contrast(colours[name], colours["ground"]) >= 3, name
    assert contrast(colours["ink"], colours["bad-ground"]) >= 4.5
    assert contrast(colours["ink"], colours["warn-ground"]) >= 4.5
