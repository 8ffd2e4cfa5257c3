"""The list: importance times trouble, the sum in words, snoozes."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from platform_assets.care.attention import Known, attention, awake
from platform_assets.care.importance import Importance
from platform_assets.care.model import Sum
from platform_assets.inventory.health import Status
from platform_assets.inventory.model import Column, Graph
from platform_assets.product.curated_kinds import Action, Decision, Minutes, Objective
from platform_assets.product.kinds import Feedback, Snooze
from platform_assets.product.progress import Progress
from platform_assets.product.store import Everything
from tests.care.company import CURATED, FASTER, MADE, NOW, asset, check, company, fine, old

HOUR = timedelta(hours=1)


def test_importance_counts_objectives_reports_looks_and_dependents() -> None:
    looks = {"report/review": 30, "raw/orders": 6, "gone": 99}
    importance = Importance(company(), looks, [FASTER], NOW.date())
    assert str(importance.of("raw/orders")) == (
        "1 + 10 for 1 objective + 2 for 1 report + 3.6 for 36 looks + 0.8 for 4 dependent assets"
    )
    assert importance.of("raw/orders").total == 17.4
    assert importance.of("marts/alone").total == 1
    assert importance.of("nothing").total == 1
    assert importance.objectives("raw/orders") == ("trust",)


def test_an_objective_counts_while_its_time_runs_and_once() -> None:
    twice = replace(FASTER, id="again", tables=("staging/orders",))
    importance = Importance(company(), {}, [FASTER, twice], NOW.date())
    assert importance.of("staging/orders").parts[1] == (10, "for 1 objective")
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
        "(1 + 10 for 1 objective + 2 for 1 report + 0.8 for 4 dependent assets) × (1 getting old) "
        "= 13.8"
    )
    assert first.score == 13.8 and first.objectives == ("trust",)
    assert second.arithmetic == "(1) × (7 failing check) = 7"


def test_the_sum_of_every_entry_adds_up_to_its_last_digit() -> None:
    graph = company(asset("marts/odd", columns=(Column("a"), Column("b", "", "B."), Column("c"))))
    looks = {"report/review": 37, "marts/odd": 13, "marts/alone": 4}
    statuses = {
        **fine(graph),
        "raw/orders": old(133),
        "marts/odd": check("unique"),
        "marts/alone": old(61),
    }
    said = Feedback(1, "report/review", "", 2, "", "bo", NOW - timedelta(days=5))
    known = Known(Everything(feedback=(said,)), CURATED, looks=looks)
    items = attention(graph, statuses, known, NOW)
    assert len(items) == 5
    for item in items:
        worked_out, _, score = item.arithmetic.rpartition(" = ")
        factors = [
            sum(Decimal(part.split()[0]) for part in factor.strip("()").split(" + "))
            for factor in worked_out.split(" × ")
        ]
        assert factors[0] * factors[1] == Decimal(score) == Decimal(str(item.score)).normalize()
    assert any(len(item.arithmetic.rpartition(".")[2]) == 2 for item in items)


@pytest.mark.parametrize(
    "trouble",
    [old(51), check("unique"), replace(MADE, failed_run="r")],
    ids=["late", "check", "run"],
)
def test_what_an_objective_rests_on_leads_when_it_is_late_or_fails(trouble: Status) -> None:
    """Before a warning about what matters far more, what the objective says, and who complains."""
    reports = [asset(f"report/r{n}", "report", parents=("marts/core",)) for n in range(6)]
    tables = [asset(f"marts/t{n}", parents=("marts/core",)) for n in range(60)]
    graph = company(asset("marts/core"), *reports, *tables)
    others = [
        Objective(name, name, "ada", key_results=(replace(
            FASTER, id=name, objective=name, tables=("marts/core",)),))
        for name in ("growth", "speed")
    ]  # fmt: skip
    curated = replace(
        CURATED,
        objectives=(*CURATED.objectives, *others),
        minutes=(Minutes("kickoff", "Kickoff", "ada", decisions=("one-shop",), actions=(
            Action("Tell the shop", "bo", NOW.date() - timedelta(days=90)),)),),
        decisions=(Decision("one-shop", "One shop", "ada", settles=("objective/trust",)),),
    )  # fmt: skip
    said = Feedback(1, "report/r1", "", 2, "", "bo", NOW - timedelta(days=90))
    known = Known(
        Everything(feedback=(said,)),
        curated,
        {"growth": Progress("growth", "off track", "half of it")},
        looks={"report/r1": 900},
    )
    statuses = {
        **fine(graph),
        "marts/core": check("odd", error=False),
        "staging/orders": trouble,
    }
    items = attention(graph, statuses, known, NOW)
    kinds = [item.kind for item in items]
    assert items[0].subject == "staging/orders"
    assert set(kinds[1:]) == {"off track", "bad feedback", "overdue action", "warns"}


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
