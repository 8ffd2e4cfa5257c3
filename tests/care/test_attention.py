"""The list: importance times trouble, the sum in words, snoozes; and that it is quick."""

import time
from dataclasses import replace
from datetime import date, timedelta

from platform_assets.care.attention import Known, attention, awake
from platform_assets.care.importance import Importance
from platform_assets.care.model import Sum
from platform_assets.inventory.model import Graph
from platform_assets.product.kinds import Snooze
from platform_assets.product.store import Everything
from tests.care.company import CURATED, FASTER, MADE, NOW, asset, check, company, fine, old

HOUR = timedelta(hours=1)


def test_importance_counts_objectives_reports_looks_and_dependents() -> None:
    looks = {"report/review": 30, "raw/orders": 6, "gone": 99}
    importance = Importance(company(), looks, [FASTER], NOW.date())
    assert str(importance.of("raw/orders")) == (
        "1 + 5 for 1 objective + 2 for 1 report + 3.6 for 36 looks + 0.8 for 4 dependent assets"
    )
    assert importance.of("raw/orders").total == 12.4
    assert importance.of("marts/alone").total == 1
    assert importance.of("nothing").total == 1
    assert importance.objectives("raw/orders") == ("trust",)


def test_an_objective_counts_while_its_time_runs_and_once() -> None:
    twice = replace(FASTER, id="again", tables=("staging/orders",))
    assert Importance(company(), {}, [FASTER, twice], NOW.date()).of("staging/orders").parts[1] == (
        5,
        "for 1 objective",
    )
    over = Importance(company(), {}, [FASTER], date(2026, 10, 1))
    assert over.objectives("raw/orders") == ()


def test_a_key_result_that_no_asset_measures_yet_counts_through_its_tables() -> None:
    graph = company()
    without = Graph({k: a for k, a in graph.assets.items() if not k.startswith("key_result/")})
    assert Importance(without, {}, [FASTER], NOW.date()).objectives("raw/orders") == ("trust",)


def test_the_list_is_ranked_by_importance_times_trouble_with_the_sum_in_words() -> None:
    graph = company()
    statuses = {**fine(graph), "marts/alone": check("unique"), "raw/orders": old(30)}
    items = attention(graph, statuses, Known(curated=CURATED), NOW)
    assert [item.key for item in items] == ["late:raw/orders", "failing_check:marts/alone"]
    first, second = items
    assert first.arithmetic == (
        "(1 + 5 for 1 objective + 2 for 1 report + 0.8 for 4 dependent assets) × (2 getting old) "
        "= 17.6"
    )
    assert first.score == 17.6 and first.objectives == ("trust",)
    assert second.arithmetic == "(1) × (7 failing check) = 7"


def test_a_snooze_holds_until_its_end_and_for_this_trouble_only() -> None:
    graph = company()
    statuses = {**fine(graph), "raw/orders": replace(old(100), checks=check("unique").checks)}

    def known(*snoozes: Snooze) -> Known:
        return Known(store=Everything(snoozes=snoozes))

    snooze = Snooze("late:raw/orders", "The shop moves", NOW + HOUR, "ada", NOW - HOUR)
    items = attention(graph, statuses, known(snooze), NOW)
    assert [(i.key, i.snoozed) for i in items] == [
        ("failing_check:raw/orders", None),
        ("late:raw/orders", snooze),
    ]
    assert [i.key for i in awake(items)] == ["failing_check:raw/orders"]
    over = replace(snooze, until=NOW)
    assert len(awake(attention(graph, statuses, known(over), NOW))) == 2


def test_a_sum_tells_its_parts_and_leaves_out_what_is_nothing() -> None:
    found = Sum.of((6, "too old"), (0.04, "for nothing"), (1.26, "for waiting"))
    assert str(found) == "6 too old + 1.3 for waiting" and found.total == 7.3
    assert str(Sum.of()) == "0"


def test_ten_thousand_assets_are_ranked_within_two_seconds() -> None:
    layers, width = 10, 1_000
    found = {}
    for place in range(layers * width):
        layer, at = divmod(place, width)
        parents = (f"l{layer - 1}/{at}", f"l{layer - 1}/{(at * 7) % width}") if layer else ()
        key = f"l{layer}/{at}"
        found[key] = asset(key, "report" if layer == layers - 1 else "table", parents=parents)
    graph = Graph(found)
    statuses = dict.fromkeys(found, MADE) | {f"l0/{n}": old(100) for n in range(100)}
    began = time.process_time()
    items = attention(graph, statuses, Known(looks={f"l9/{n}": 5 for n in range(200)}), NOW)
    assert time.process_time() - began < 2
    assert len(items) == 100
