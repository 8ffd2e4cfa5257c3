"""The drawing of a neighbourhood: left to right, nothing on top of anything, and quick."""

import time

import pytest

from platform_assets.catalog.catalog import View
from platform_assets.catalog.lineage import HEIGHT, WIDTH, Drawing, draw, drawing
from platform_assets.inventory.model import Asset, Graph
from tests.catalog.world import NOW, company, statuses


def overlaps(drawn: Drawing) -> bool:
    taken = [(n.x, n.y) for n in drawn.nodes]
    return any(
        abs(ax - bx) < WIDTH and abs(ay - by) < HEIGHT
        for i, (ax, ay) in enumerate(taken)
        for bx, by in taken[:i]
    )


def test_every_line_leads_to_the_right_and_no_boxes_overlap() -> None:
    drawn = draw(company(), "marts/fct_orders", 5, 5)
    at = {node.key: node for node in drawn.nodes}
    assert set(at) == set(company().assets) - {"marts/daily_traffic"}
    assert all(at[a].x + WIDTH < at[b].x for a, b in drawn.edges)
    assert not overlaps(drawn)
    assert len(drawn.paths()) == len(drawn.edges) == 4


def test_what_is_not_drawn_is_counted_on_the_boxes() -> None:
    drawn = draw(company(), "staging/stg_orders", 0, 1)
    at = {node.key: node for node in drawn.nodes}
    assert set(at) == {"staging/stg_orders", "marts/fct_orders"}
    assert at["staging/stg_orders"].more_up == 1
    assert (at["marts/fct_orders"].more_up, at["marts/fct_orders"].more_down) == (1, 1)


def test_an_asset_alone_is_one_box() -> None:
    drawn = draw(company(), "marts/daily_traffic", 3, 3)
    assert (drawn.width, drawn.height, drawn.edges) == (WIDTH, HEIGHT, ())


def wide(count: int) -> Graph:
    keys = [f"a{i:05d}" for i in range(count)]
    return Graph(
        {
            key: Asset(key, "table", parents=tuple(keys[j] for j in {i // 2, i // 3} if j != i))
            for i, key in enumerate(keys)
        }
    )


@pytest.mark.parametrize(("count", "drawn", "left"), [(1000, 1000, 0), (1500, 1000, 500)])
def test_a_thousand_boxes_take_less_than_half_a_second(count: int, drawn: int, left: int) -> None:
    graph = wide(count)
    graph.importance  # noqa: B018 (counted once for a graph, not for each drawing)
    started = time.process_time()
    found = draw(graph, "a00000", 12, 12)
    assert time.process_time() - started < 0.5
    assert (len(found.nodes), found.left_out) == (drawn, left)


def test_a_page_gets_names_kinds_and_health() -> None:
    view = View(company(), statuses(), NOW)
    facts = drawing(view, "report/revenue", 1, 0)
    assert [(n["label"], n["health"]) for n in facts["nodes"]] == [
        ("fct_orders", "failing"),
        ("revenue", "good"),
    ]
