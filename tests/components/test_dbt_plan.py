"""Which models one dbt build does together."""

from collections.abc import Iterator
from itertools import pairwise

import dagster as dg

from platform_assets.components.dbt_plan import Model, RunPlan


def key(name: str) -> dg.AssetKey:
    return dg.AssetKey(name)


def plan(
    parents: dict[str, list[str]],
    models: str,
    done: str = "",
    checks: tuple[str, ...] = (),
) -> RunPlan:
    return RunPlan(
        models={
            key(m): Model(
                f"model.{m}",
                dg.AssetSpec(m),
                m,
                ("marts", m),
                False,
                tests={"unique": f"test.{m}"},
            )
            for m in models.split()
        },
        parents={key(k): frozenset(map(key, v)) for k, v in parents.items()},
        checks=frozenset(dg.AssetCheckKey(key(c), "unique") for c in checks),
        done=frozenset(map(key, done.split())),
    )


def test_models_with_nothing_but_models_between_them_are_one_wave() -> None:
    p = plan({"raw": [], "a": ["raw"], "b": ["a"], "c": ["b", "raw"]}, "a b c", done="raw")
    assert [p.wave(key(k)) for k in "abc"] == [0, 0, 0]
    assert sorted(p.nodes(0)) == ["model.a", "model.b", "model.c"]


def test_a_python_asset_between_models_ends_a_wave() -> None:
    p = plan({"a": [], "py": ["a"], "b": ["py"], "c": ["b"], "d": ["a"]}, "a b c d")
    assert sorted(p.nodes(0)) == ["model.a", "model.d"]
    assert p.nodes(1) == []  # py is not done: b and c wait
    ready = plan(
        {"a": [], "py": ["a"], "b": ["py"], "c": ["b"], "d": ["a"]},
        "a b c d",
        done="py",
    )
    assert sorted(ready.nodes(1)) == ["model.b", "model.c"]


def test_what_hangs_on_a_source_that_failed_is_left_out_and_the_rest_is_built() -> None:
    parents = {
        "good": [],
        "bad": [],
        "a": ["good"],
        "b": ["bad"],
        "c": ["a", "b"],
        "d": ["a"],
    }
    p = plan(parents, "a b c d", done="good")
    assert sorted(p.nodes(0)) == ["model.a", "model.d"]


def test_only_planned_checks_are_run_and_only_of_models_that_are_built() -> None:
    p = plan({"bad": [], "a": [], "b": ["bad"]}, "a b", checks=("a", "b"))
    assert sorted(p.nodes(0)) == ["model.a", "test.a"]


def test_checks_can_run_without_building_their_model() -> None:
    assert plan({}, "a", checks=("a",)).nodes(0) == ["test.a"]


def test_a_deep_and_wide_graph_is_planned_at_once() -> None:
    layers = [[f"m{depth}_{n}" for n in range(20)] for depth in range(40)]
    parents = {m: [] for m in layers[0]}
    for above, below in pairwise(layers):
        parents |= dict.fromkeys(below, above)
    names = " ".join(m for layer in layers for m in layer)
    assert len(plan(parents, names).nodes(0)) == 800


def test_what_was_made_in_a_step_that_failed_is_not_done() -> None:
    found: list[RunPlan] = []

    @dg.multi_asset(specs=[dg.AssetSpec("refused")], op_tags={"dagster/priority": "1"})
    def refused() -> Iterator[dg.MaterializeResult[None]]:
        yield dg.MaterializeResult(asset_key="refused")
        raise dg.Failure("a blocking check")

    @dg.asset(op_tags={"dagster/priority": "1"})
    def good() -> None: ...

    @dg.asset
    def look(context: dg.AssetExecutionContext) -> None:
        found.append(RunPlan.of(context, {}))

    dg.materialize([refused, good, look], raise_on_error=False)
    assert found[0].done == {key("good")}
