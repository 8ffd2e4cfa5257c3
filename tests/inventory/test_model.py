"""The graph: who depends on whom, and how much depends on each."""

import random
import time

from platform_assets.inventory.model import Asset, Graph
from tests.catalog.world import company


def chain(*edges: tuple[str, str]) -> Graph:
    keys = sorted({key for edge in edges for key in edge})
    parents = {key: tuple(a for a, b in edges if b == key) for key in keys}
    return Graph({key: Asset(key, "table", parents=parents[key]) for key in keys})


def test_importance_counts_everything_downstream_once() -> None:
    diamond = chain(("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"), ("d", "e"))
    assert diamond.importance == {"a": 4, "b": 2, "c": 2, "d": 1, "e": 0}


def test_what_is_gathered_is_what_walking_finds_in_circles_too() -> None:
    chance = random.Random(5)
    for count in (1, 6, 12, 30):
        keys = [f"a{n}" for n in range(count)]
        edges = [(chance.choice(keys), chance.choice(keys)) for _ in range(count * 3 // 2)]
        graph = chain(*edges)
        own = {key: 1 << place for place, key in enumerate(graph.assets)}
        for upstream, walk in ((False, graph.downstream), (True, graph.upstream)):
            found = graph.gathered(own, upstream)
            for key in graph.assets:
                assert found[key] == sum(own[each] for each in {key, *walk(key)})
        assert graph.importance == {key: len(graph.downstream(key)) for key in graph.assets}


def test_without_records_a_graph_is_the_same_or_keeps_one_that_is() -> None:
    graph = chain(("a", "b"))
    assert graph.without_records is graph
    more = Graph({**graph.assets, "record/request/1": Asset("record/request/1", "record")})
    assert more.without_records.assets == graph.assets
    assert more.without_records is more.without_records


def test_walks_give_distances_and_stop_where_they_are_told() -> None:
    graph = company()
    assert graph.upstream("report/revenue") == {
        "marts/fct_orders": 1,
        "staging/stg_orders": 2,
        "raw/shop/customers": 2,
        "raw/shop/orders": 3,
    }
    assert graph.downstream("raw/shop/orders", 2) == {
        "staging/stg_orders": 1,
        "marts/fct_orders": 2,
    }


def test_parents_that_are_no_assets_are_passed_over() -> None:
    graph = Graph({"a": Asset("a", "table", parents=("gone",))})
    assert graph.upstream("a") == {} and graph.order == ("a",)


def test_order_puts_each_after_what_it_depends_on() -> None:
    order = company().order
    assert order.index("raw/shop/orders") < order.index("staging/stg_orders")
    assert order.index("marts/fct_orders") < order.index("report/revenue")


def test_columns_are_found_whatever_their_case() -> None:
    asset = company().assets["marts/fct_orders"]
    assert asset.column("REVENUE") is asset.column("revenue") is not None
    assert asset.column("none") is None


def test_ten_thousand_assets_are_counted_in_a_second() -> None:
    assets = {
        f"a{i}": Asset(f"a{i}", "table", parents=tuple(f"a{j}" for j in range(max(0, i - 3), i)))
        for i in range(10_000)
    }
    started = time.process_time()
    importance = Graph(assets).importance
    assert importance["a0"] == 9_999
    assert time.process_time() - started < 3
