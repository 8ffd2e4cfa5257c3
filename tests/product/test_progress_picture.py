"""The picture of a key result: what is joined, what is hatched, and that it is well-formed."""

from dataclasses import replace
from xml.etree import ElementTree

from platform_assets.product.kinds import Measurement
from platform_assets.product.picture import MOST_DOTS, draw
from platform_assets.product.picture_parts import Stretch, gaps, lines
from tests.product.key_results import FASTER, measured, on

LATE = ("raw/mail: 3 h late",)
STORY = [
    measured(1, 30),
    measured(2, 29),
    measured(3, trouble=LATE),
    measured(4, trouble=("raw/mail: 27 h late",)),
    measured(5, 28),
    measured(6, 27, definition="other"),
    measured(20, 26, definition="other"),
]


def drawn(measurements: list[Measurement], days: float) -> dict[str, list[ElementTree.Element]]:
    """Return the shapes of a picture by their class."""
    found: dict[str, list[ElementTree.Element]] = {}
    for each in ElementTree.fromstring(draw(FASTER, measurements, on(days))).iter():
        found.setdefault(each.get("class") or each.tag, []).append(each)
    return found


def test_lines_end_where_nothing_was_measured_and_where_the_definition_changed() -> None:
    assert [[value for _, value in line] for line in lines(STORY)] == [[30, 29], [28], [27], [26]]


def test_gaps_are_told_with_what_they_began_with() -> None:
    assert gaps(STORY, on(20.5)) == [
        Stretch(on(3), on(5), LATE[0]),
        Stretch(on(6), on(20), "nothing was asked after 7 Jul 2026"),
    ]
    assert gaps(STORY[:4], on(8)) == [Stretch(on(3), on(8), LATE[0])]
    assert gaps(STORY[:2], on(3)) == [] == gaps([], on(3))
    assert gaps(STORY[:1], on(9))[0].end == on(9)


def test_the_picture_shows_lines_gaps_breaks_and_aims() -> None:
    shapes = drawn(STORY[::-1], 21)
    counts = {name: len(found) for name, found in shapes.items() if name.startswith("kr-")}
    assert counts["kr-line"] == 4 and counts["kr-gap"] == 2
    aims = ("kr-break", "kr-target", "kr-expected", "kr-now", "kr-value")
    assert [counts[name] for name in aims] == [1, 1, 1, 1, 1]
    assert shapes["kr-value"][0].text == "26 h"
    (pattern,) = shapes["pattern"]
    assert {gap.get("fill") for gap in shapes["kr-gap"]} == {f"url(#{pattern.get('id')})"}
    assert f"Not measured, 4 Jul 2026 to 6 Jul 2026: {LATE[0]}" in [
        gap[0].text for gap in shapes["kr-gap"]
    ]


def test_it_is_told_to_those_who_can_not_see_it() -> None:
    (root,) = drawn(STORY, 21)["kr"]
    ids = {each.get("id"): each.text for each in root if each.get("id")}
    title, description = root.get("aria-labelledby", "").split()
    assert root.get("role") == "img"
    assert ids[title] == "Answers come faster"
    assert ids[description] == (
        "From 30 h on 1 Jul 2026 to 10 h by 28 Sep 2026. Newest value: 26 h on 21 Jul 2026. "
        "Not measured from 4 Jul 2026 to 6 Jul 2026. Not measured from 7 Jul 2026 to 21 Jul 2026. "
        "The definition changed on 7 Jul 2026."
    )


def test_everything_lies_within_the_picture_whatever_the_values() -> None:
    wild = [measured(-30, 1e9), measured(1, -1e9), measured(200, 0.5)]
    for dot in drawn(wild, 300)["kr-dot"]:
        assert 0 <= float(dot.get("cx", "-1")) <= 900
        assert 0 <= float(dot.get("cy", "-1")) <= 300


def test_what_people_wrote_is_text_and_no_markup() -> None:
    odd = replace(FASTER, title="<script>&", unit='"<b>')
    root = ElementTree.fromstring(draw(odd, [measured(1, 3)], on(2)))
    assert root[0].text == "<script>&"
    assert not root.findall(".//script") and not root.findall(".//b")


def test_a_long_history_is_a_line_with_one_dot() -> None:
    many = [measured(day / 2, 30 - day / 10) for day in range(2 * MOST_DOTS)]
    assert len(drawn(many, 70)["kr-dot"]) == 1
    assert len(drawn([], 70).get("kr-dot", [])) == 0


def test_the_same_baseline_and_target_can_be_drawn() -> None:
    still = replace(FASTER, baseline=0, target=0)
    assert "kr-target" in draw(still, [], on(2))
