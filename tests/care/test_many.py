"""Of many assets on a bad day: what is added up at once is what walking finds, and quick."""

import time
from collections.abc import Iterator

import pytest

from benchmarks.attention_world import NOW, Company, company
from platform_assets.care.attention import attention, weigh
from platform_assets.care.causes import Causes, causes
from platform_assets.care.importance import DEPENDENTS, LOOKS, MOST, OBJECTIVE, REPORT
from platform_assets.catalog.attention_picture import picture


@pytest.fixture(scope="module")
def small() -> Company:
    return company(430)


def names(known: Causes, some: int) -> set[str]:
    return {key for key, bit in known.bits.items() if some & bit}


def test_what_an_asset_matters_is_the_sum_over_all_that_rests_on_it(small: Company) -> None:
    graph, known = small.graph, small.known
    importance = weigh(graph, known, NOW)
    results = known.curated.key_results
    for key in graph.assets:
        below = {key, *graph.downstream(key)}
        looks = sum(known.looks.get(each, 0) for each in below)
        reports = sum(graph.assets[each].kind == "report" for each in below)
        objectives = {r.objective for r in results if below & {r.key, *r.tables}}
        assert importance.looks(key) == looks
        assert importance.objectives(key) == tuple(sorted(objectives))
        assert importance.total(key) == pytest.approx(
            1
            + OBJECTIVE * len(objectives)
            + REPORT * reports
            + min(looks / LOOKS, MOST)
            + min((len(below) - 1) / DEPENDENTS, MOST)
        )
        assert importance.of(key).total == pytest.approx(importance.total(key), abs=0.11)


def test_each_cause_is_upstream_of_what_it_holds_up_and_is_counted(small: Company) -> None:
    known = causes(small.graph, small.statuses, NOW)
    waiting = known.waiting()
    assert len(waiting) > 100 and set(known.bits) <= set(small.troubles)
    for key, some in waiting.items():
        assert names(known, some) and names(known, some) <= set(small.graph.upstream(key))
    for cause, count in known.held_up().items():
        assert count == sum(cause in names(known, some) for some in waiting.values())


def test_the_ways_from_causes_to_what_waits_for_them_are_drawn_as_bad(small: Company) -> None:
    graph, known = small.graph, causes(small.graph, small.statuses, NOW)
    drawn = picture(graph, [], weigh(graph, small.known, NOW), known)

    def ways() -> Iterator[tuple[str, str]]:
        for key, some in known.waiting().items():
            above = {key, *graph.upstream(key)}
            for cause in names(known, some):
                between = above & {cause, *graph.downstream(cause)}
                yield from (
                    (p, k) for k in between for p in graph.assets[k].parents if p in between
                )

    assert drawn.left_out == 0
    assert sum(line.bad for line in drawn.lines) == len(set(ways())) > 50


def test_ten_thousand_assets_are_ranked_and_drawn_in_a_moment() -> None:
    made = company(10_000)
    began = time.process_time()
    items = attention(made.graph, made.statuses, made.known, NOW)
    importance = weigh(made.graph, made.known, NOW)
    picture(made.graph, items, importance, causes(made.graph, made.statuses, NOW))
    assert time.process_time() - began < 1.5
    assert len({item.kind for item in items}) == 13 and len(items) > 500
