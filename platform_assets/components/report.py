"""Report: a Markdown page with SQL becomes `report/<name>`, downstream of what its SQL reads."""

from collections.abc import Container, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import dagster as dg
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph
from pydantic import Field

from platform_assets import reporting
from platform_assets.automation import safety_net
from platform_assets.components.scaffold import ReportScaffolder
from platform_assets.policy import Freshness, line_of, stamp
from platform_assets.reporting import archive
from platform_assets.reporting.declaration import in_words
from resources.warehouse import Warehouse

BESIDE_MODELS = 20  # priority of a step: drawn while dbt goes on with models it does not need
FRESH = "data_freshness"  # the check that says how old a source's newest event is


@dg.scaffold_with(ReportScaffolder)
class Report(dg.Component, dg.Model, dg.Resolvable):
    """A report of `report.md` beside this file; what it depends on is read from its SQL."""

    owner: Annotated[str, Field(description="Who answers for it: e-mail or `team:<name>`.")]
    domain: Annotated[str, Field(description="The group that the report is shown in.")]
    title: Annotated[str, Field(min_length=1)]
    description: Annotated[str, Field(min_length=1, description="What it shows, in a sentence.")]
    freshness: Annotated[Freshness, Field(description="How old the page may become.")]
    question: Annotated[str, Field(description="The question that it answers.")] = ""
    audience: Annotated[str, Field(description="Who reads it.")] = ""
    priority: Annotated[
        int,
        Field(ge=-5, le=5, description="Of the reports of a run, those with more are made first."),
    ] = 0
    data_time: Annotated[
        str | None,
        Field(description="`query.column` with the time up to which the data goes."),
    ] = None

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """Return the report's asset."""
        folder = Path(context.path)
        resolved = ("owner", "title", "description", "question", "audience", "data_time")
        declaration = reporting.ReportDeclaration.load(folder).model_copy(
            update={name: getattr(self, name) for name in resolved}
        )
        tables = [dg.AssetKey.from_user_string(key) for key in reporting.tables(declaration)]
        spec = stamp(
            dg.AssetSpec(
                ["report", declaration.name],
                deps=tables,
                description=f"{self.description}\n\n{self.question}".strip(),
                automation_condition=safety_net(),
            ),
            layer="report",
            domain=self.domain,
            kinds={"report"},
            file=folder / "report.md",
            line=line_of(folder / "report.md", r"\S"),
            owners=[self.owner],
            freshness=self.freshness.policy(),
            metadata={
                "title": self.title,
                "question": self.question,
                "audience": self.audience or "everyone",
                "page": _link(declaration.name),
            },
        )
        return dg.Definitions(assets=[_asset(declaration, spec, self.priority)])


def _asset(
    declaration: reporting.ReportDeclaration, spec: dg.AssetSpec, priority: int
) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=f"report__{declaration.name}",
        specs=[spec],
        op_tags={"dagster/priority": str(BESIDE_MODELS + priority)},
    )
    def render(
        context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse]
    ) -> Iterator[dg.MaterializeResult[None]]:
        graph, made = context.repository_def.asset_graph, datetime.now(UTC)
        checks = upstream(context.instance, graph, spec.key)
        late = lateness(checks, graph, made)
        page = reporting.render(
            declaration,
            warehouse.engine(),
            archive.from_settings(),
            context=reporting.RenderContext(
                owner=", ".join(spec.owners),
                freshness=declaration.freshness,
                generated_at=made,
                run_id=context.run.run_id,
                snapshot=warehouse.snapshot(),
                checks=tuple(as_check(e) for e in checks if e.check_name != FRESH),
                stale=(*late.values(), *overdue(context.instance, graph, spec.key, made, late)),
                live_url=f"/catalog/report/{declaration.name}/live",
                explain_url=f"/catalog/explain/{declaration.name}",
            ),
            drawer=reporting.shared_drawer(),
        )
        yield dg.MaterializeResult(asset_key=spec.key, metadata=_metadata(declaration.name, page))

    return render


def _metadata(name: str, page: reporting.RenderedReport) -> dict[str, Any]:
    return {
        "page": _link(name),
        "version": dg.MetadataValue.path(page.place),
        "pdf": dg.MetadataValue.url(f"/files/reports/{name}/{page.version}/report.pdf"),
        "bytes": page.bytes,
        "data_time": str(page.data_time or "not said"),
        **{f"rows of {query}": rows for query, rows in page.queries.items()},
    }


def _link(name: str) -> dg.MetadataValue[str]:
    return dg.MetadataValue.url(f"/files/reports/{name}/latest.html")


def upstream(
    instance: dg.DagsterInstance, graph: BaseAssetGraph[Any], key: dg.AssetKey
) -> list[dg.AssetCheckEvaluation]:
    """Return the newest result of every check on what `key` rests on, up to the sources."""
    checks = sorted(graph.get_check_keys_for_assets(graph.get_ancestor_asset_keys(key)))
    found = instance.event_log_storage.get_asset_check_summary_records(checks)
    records = [found[c].last_completed_check_execution_record for c in checks if c in found]
    return [r.evaluation for r in records if r is not None and r.evaluation is not None]


def as_check(evaluation: dg.AssetCheckEvaluation) -> reporting.UpstreamCheck:
    """Return a check's result as the report shows it."""
    error = evaluation.severity == dg.AssetCheckSeverity.ERROR
    return reporting.UpstreamCheck(
        name=f"{evaluation.asset_key.to_user_string()}: {evaluation.check_name}",
        passed=evaluation.passed,
        severity="ERROR" if error else "WARN",
    )


def lateness(
    evaluations: list[dg.AssetCheckEvaluation], graph: BaseAssetGraph[Any], now: datetime
) -> dict[dg.AssetKey, str]:
    """Return a sentence for each source whose newest event is older than it may be now.

    The age is that of this moment, not of the check, which looked when the source was last loaded.
    """
    found = {}
    for evaluation in evaluations:
        newest = evaluation.metadata.get("newest_event")
        limit = _window(graph, evaluation.asset_key)
        if evaluation.check_name != FRESH or newest is None or limit is None:
            continue
        at = datetime.fromisoformat(str(newest.value)).astimezone(UTC)
        late = now - at - limit
        if late > timedelta(0):
            found[evaluation.asset_key] = (
                f"{evaluation.asset_key.to_user_string()} is {in_words(late)} late: "
                f"what happened after {at:%a} {at.day} {at:%b, %H:%M} UTC is missing."
            )
    return found


def overdue(
    instance: dg.DagsterInstance,
    graph: BaseAssetGraph[Any],
    key: dg.AssetKey,
    now: datetime,
    known: Container[dg.AssetKey] = (),
) -> list[str]:
    """Return a sentence for each table upstream of `key` that was not made for too long.

    Left out are those in `known`, of which worse is told already.
    """
    wanted = sorted(graph.get_ancestor_asset_keys(key) - {key})
    records = instance.get_asset_records(wanted)
    made = {
        record.asset_entry.asset_key: datetime.fromtimestamp(last.timestamp, UTC)
        for record in records
        if (last := record.asset_entry.last_materialization) is not None
    }
    found = []
    for each in wanted:
        limit = _window(graph, each)
        if limit is None or each in known or each not in made or now - made[each] <= limit:
            continue
        found.append(
            f"{each.to_user_string()} was last made {in_words(now - made[each])} ago; "
            f"at most {in_words(limit)} are allowed."
        )
    return found


def _window(graph: BaseAssetGraph[Any], key: dg.AssetKey) -> timedelta | None:
    """Return the age at which the freshness policy of an asset fails."""
    policy = graph.get(key).freshness_policy if graph.has(key) else None
    window = getattr(policy, "fail_window", None)
    return window.to_timedelta() if window is not None else None
