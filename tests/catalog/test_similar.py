"""What asks for much the same: found by words, misspelt ones too, among what there is now."""

from dataclasses import replace
from datetime import UTC, datetime

from rapidfuzz import fuzz

from platform_assets.catalog.demand.similar import LIKE, OFFERED, Titles, assets_like, words_of
from platform_assets.catalog.search import Index
from platform_assets.inventory.model import Asset, Graph
from platform_assets.product.kinds import STATES, Request
from platform_assets.sample.demand_requests import REQUESTS
from tests.catalog.world import FixedCatalog, company

AT = datetime(2026, 5, 1, tzinfo=UTC)


def requests(*titles: str) -> tuple[Request, ...]:
    return tuple(Request(n, title, "ann", AT, AT) for n, title in enumerate(titles, 1))


def numbers(found: list[Request]) -> list[int]:
    return [r.number for r in found]


def test_what_shares_most_words_is_likest_though_some_are_misspelt() -> None:
    titles = Titles(
        requests("Returns of each product", "Revenue by channel", "Stock of tents", "Rare goods")
    )
    assert numbers(titles.like("We need the revenu by chanel", STATES)) == [2]
    assert numbers(titles.like("returns per product, with the reason", STATES)) == [1]
    assert titles.like("please show me the data", STATES) == []
    assert titles.like("", STATES) == []


def test_only_what_is_in_a_state_and_not_left_out_is_offered() -> None:
    first, second = requests("Revenue by channel", "Revenue per channel")
    titles = Titles((first, replace(second, state="declined")))
    assert numbers(titles.like("revenue channel", ("new",))) == [1]
    assert numbers(titles.like("revenue channel", STATES, but=(1,))) == [2]


def test_an_update_knows_what_is_new_called_otherwise_or_gone() -> None:
    first, second, third = requests("Revenue by channel", "Stock of tents", "Fast pages")
    titles = Titles((first, second))
    titles.update(
        (third, replace(second, title="Revenue of tents"), replace(first, state="closed"))
    )
    assert numbers(titles.like("revenue of tents", STATES))[0] == 2
    assert titles.like("revenue by channel", STATES)[0].state == "closed"
    assert numbers(titles.like("fast pages", STATES)) == [3]
    titles.update((third,))
    assert titles.like("revenue of tents", STATES) == []


def test_among_all_requests_of_the_company_the_likest_is_found() -> None:
    """As if each were compared with each: what is found first is as like as anything is."""

    def likeness(one: str, other: str) -> float:
        wanted, bare = (" ".join(words_of(text)) for text in (one, other))
        return (fuzz.token_set_ratio(wanted, bare) + fuzz.token_sort_ratio(wanted, bare)) / 2

    every = requests(*(each.title for each in REQUESTS))
    titles = Titles(every)
    for r in every:
        asked = " ".join(r.title.split()[1:])
        found = titles.like(asked, STATES)
        best = max(likeness(asked, other.title) for other in every)
        assert likeness(asked, found[0].title) == best >= LIKE
        assert len(found) <= OFFERED and len(set(numbers(found))) == len(found)


def test_what_answers_is_found_among_thousands_of_requests_with_the_same_words() -> None:
    asked = {
        f"record/request/{n}": Asset(f"record/request/{n}", "record", title="Revenue of orders")
        for n in range(1_000)
    }
    catalog = FixedCatalog(Graph({**company().assets, **asked}))
    view, index = catalog.view(), catalog.index
    found = assets_like(view, index, "Revenue of orders", {})
    assert [a.key for a in found][:2] == ["marts/fct_orders", "report/revenue"]
    used = assets_like(view, index, "Revenue of orders", {"report/revenue": 500})
    assert [a.key for a in used] == [a.key for a in found]  # it has one of the words, not both


def test_use_decides_between_what_has_the_same_words() -> None:
    twins = [Asset(f"marts/{name}", "table", layer="marts", title="Stock") for name in ("a", "b")]
    catalog = FixedCatalog(Graph({a.key: a for a in twins}))
    view, index = catalog.view(), catalog.index
    assert [a.key for a in assets_like(view, index, "stock", {})] == ["marts/a", "marts/b"]
    assert assets_like(view, index, "stock", {"marts/b": 40})[0].key == "marts/b"


def test_the_best_of_a_word_are_kept_until_an_asset_changes() -> None:
    index = Index()
    index.update(company())
    assert index.having("orders", ("table",), 9) == (["marts/fct_orders", "staging/stg_orders"], 2)
    assert index.having("order", ("table",), 1) == (["marts/fct_orders"], 2)
    more = Asset("marts/orders", "table", layer="marts")
    index.update(Graph({**company().assets, more.key: more}))
    assert index.having("orders", ("table",), 9)[1] == 3
