"""Which models a run builds together: its waves.

A wave is what one dbt build can do in one go. A Python asset between two models ends a wave: the
models behind it wait for it, and are built together after it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import dagster as dg


@dataclass(frozen=True)
class Model:
    """One dbt node that is an asset, with the tests that are its checks."""

    unique_id: str
    spec: dg.AssetSpec
    selector: str
    relation: tuple[str, str]  # schema, name
    is_view: bool
    tests: Mapping[str, str] = field(default_factory=dict)  # check name → unique id
    check_specs: tuple[dg.AssetCheckSpec, ...] = ()


@dataclass(frozen=True)
class RunPlan:
    """The assets and checks that a run planned, and how far it is.

    Args:
        models: the dbt assets by key.
        parents: of every asset in the run, the assets it depends on.
        checks: the planned checks.
        done: the assets that this run has materialized so far, in steps that did not fail.
    """

    models: Mapping[dg.AssetKey, Model]
    parents: Mapping[dg.AssetKey, frozenset[dg.AssetKey]]
    checks: frozenset[dg.AssetCheckKey]
    done: frozenset[dg.AssetKey]

    @classmethod
    def of(
        cls, context: dg.AssetExecutionContext, models: Mapping[dg.AssetKey, Model]
    ) -> "RunPlan":
        """Read the plan of the run that `context` is part of, from its event log."""
        event = dg.DagsterEventType
        planned = _events(context, event.ASSET_MATERIALIZATION_PLANNED)
        keys = {e.asset_key for e in planned if e.asset_key} | context.selected_asset_keys
        graph = context.job_def.asset_layer.asset_graph
        failed = {e.step_key for e in _events(context, event.STEP_FAILURE)}
        return cls(
            models=models,
            parents={k: frozenset(graph.get(k).parent_keys) & keys for k in keys},
            checks=frozenset(
                e.asset_check_planned_data.asset_check_key
                for e in _events(context, event.ASSET_CHECK_EVALUATION_PLANNED)
            )
            | context.selected_asset_check_keys,
            done=frozenset(
                e.asset_key
                for e in _events(context, event.ASSET_MATERIALIZATION)
                if e.asset_key and e.step_key not in failed
            ),
        )

    @cached_property
    def _waves(self) -> dict[dg.AssetKey, int]:
        """The wave of every asset; of a Python asset: the wave that waits for it."""
        waves: dict[dg.AssetKey, int] = {}

        def wave(key: dg.AssetKey) -> int:
            if key not in waves:
                waves[key] = 0  # a graph has no cycles; this is for keys without parents
                waves[key] = max((step(parent, key) for parent in self.parents[key]), default=0)
            return waves[key]

        def step(parent: dg.AssetKey, key: dg.AssetKey) -> int:
            ends_wave = parent in self.models and key not in self.models
            return wave(parent) + ends_wave

        for key in self.parents:
            wave(key)
        return waves

    def wave(self, key: dg.AssetKey) -> int:
        """Return the number of the dbt build that `key` is part of, from 0."""
        return self._waves.get(key, 0)

    def nodes(self, wave: int) -> list[str]:
        """Return the unique ids of the wave's models and planned tests.

        Left out is what waits for a Python asset that failed: its step will not run either.
        """
        keys = [
            key
            for key in self.parents
            if key in self.models and self.wave(key) == wave and not self._blocked[key]
        ]
        ids = [self.models[key].unique_id for key in keys]
        for check in self.checks:
            model = self.models.get(check.asset_key)
            runs = check.asset_key in keys or check.asset_key not in self.parents
            if model is not None and runs and check.name in model.tests:
                ids.append(model.tests[check.name])
        return ids

    @cached_property
    def _blocked(self) -> dict[dg.AssetKey, bool]:
        """Whether something that an asset depends on was planned, is no model, and is not done."""
        blocked: dict[dg.AssetKey, bool] = {}

        def look(key: dg.AssetKey) -> bool:
            if key not in blocked:
                blocked[key] = any(
                    look(parent) if parent in self.models else parent not in self.done
                    for parent in self.parents[key]
                )
            return blocked[key]

        for key in self.parents:
            look(key)
        return blocked


def _events(context: dg.AssetExecutionContext, kind: dg.DagsterEventType) -> list[dg.DagsterEvent]:
    records = context.instance.get_records_for_run(context.run.run_id, of_type=kind).records
    return [r.event_log_entry.dagster_event for r in records if r.event_log_entry.dagster_event]
