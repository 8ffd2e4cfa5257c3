"""The catalog of a running server: read again when it has to be, and what it knew meanwhile."""

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest
from dagster_shared.error import SerializableErrorInfo

from platform_assets import policy
from platform_assets.catalog import background, glossary, tracing
from platform_assets.catalog.catalog import Catalog, View
from platform_assets.catalog.usage import Usage
from resources.errors import PlatformError
from tests.catalog.world import NOW, company, lineage, statuses


def definitions(*names: str) -> dg.Definitions:
    return dg.Definitions(
        assets=[
            policy.stamp(
                dg.AssetSpec(["marts", name]), layer="marts", domain="web", owners=["team:data"],
                description=f"The {name}.", table=f"lake.marts.{name}",
            )
            for name in names
        ]
    )  # fmt: skip


@dataclass
class Context:
    """As much of Dagster's workspace context as the catalog reads."""

    defs: dg.Definitions
    version: int = 1
    error: SerializableErrorInfo | None = None
    instance: dg.DagsterInstance = field(default_factory=dg.DagsterInstance.ephemeral)
    code_location_names: tuple[str, ...] = ("platform",)
    collected: int = 0

    def create_request_context(self) -> "Context":
        return self

    def get_location_entry(self, name: str) -> Any:
        return SimpleNamespace(
            version_key=str(self.version), update_timestamp=0.0, load_error=self.error
        )

    @property
    def asset_graph(self) -> Any:
        self.collected += 1
        return self.defs.resolve_asset_graph()


@pytest.fixture
def context() -> Context:
    return Context(definitions("orders", "sessions"))


def test_definitions_are_read_again_only_when_they_are_loaded_again(
    context: Context, tmp_path: Path
) -> None:
    found = Catalog(context, tmp_path)
    for _ in range(3):
        assert set(found.view().graph.assets) == {"marts/orders", "marts/sessions"}
    assert context.collected == 1
    before = found.view().graph.assets["marts/orders"]
    context.defs, context.version = definitions("orders", "refunds"), 2
    after = found.view()
    assert set(after.graph.assets) == {"marts/orders", "marts/refunds"}
    assert after.graph.assets["marts/orders"] is before
    assert [h.asset.key for h in found.index.search("refunds").hits] == ["marts/refunds"]


def test_a_new_manifest_of_dbt_is_read(context: Context, tmp_path: Path) -> None:
    found = Catalog(context, tmp_path)
    found.view()
    (tmp_path / "manifest.json").write_text("{}")
    found.view()
    assert context.collected == 2


def test_definitions_that_do_not_load_leave_what_was_known(
    context: Context, tmp_path: Path
) -> None:
    found = Catalog(context, tmp_path)
    known = found.view()
    message = "PlatformError: defs/x/defs.yaml:3: there is no field `onwer`"
    context.error = SerializableErrorInfo(message, [], "PlatformError")
    context.version = 2
    view = found.view()
    assert "defs/x/defs.yaml:3" in view.trouble
    assert view.graph is known.graph and view.known_at == known.known_at
    context.error = None
    assert found.view().trouble == ""


def test_a_materialization_shows_on_the_next_view(context: Context, tmp_path: Path) -> None:
    found = Catalog(context, tmp_path)
    assert found.view().status("marts/orders").made_at is None
    context.instance.report_runless_asset_event(dg.AssetMaterialization(["marts", "orders"]))
    assert found.view().status("marts/orders").made_at is not None


def test_a_column_that_lands_undeclared_is_there_on_the_next_view_and_lineage_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    traced: list[Any] = []
    monkeypatch.setattr(tracing, "state", lambda: ())
    monkeypatch.setattr(tracing, "read", lambda nodes, before: traced.append(nodes) or before)
    spec = policy.stamp(dg.AssetSpec(["raw", "orders"]), layer="raw", domain="web")
    context = Context(dg.Definitions(assets=[spec]))
    found = Catalog(context, tmp_path)
    found.view()
    found.trace()
    schema = dg.TableSchema([dg.TableColumn(name="coupon", type="varchar")])
    for _ in range(2):
        context.instance.report_runless_asset_event(
            dg.AssetMaterialization(spec.key, metadata={"dagster/column_schema": schema})
        )
        column = found.view().graph.assets["raw/orders"].column("coupon")
        found.trace()
        assert column is not None and not column.declared
    assert [h.asset.key for h in found.index.search("coupon").hits] == ["raw/orders"]
    assert context.collected == 1 + len(traced) and len(traced) == 2


def test_the_glossary_is_read_again_when_a_file_changes(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glossary, "folder", lambda: tmp_path / "glossary")
    found = Catalog(context, tmp_path)
    assert found.view().glossary.terms == ()
    (tmp_path / "glossary").mkdir()
    file = tmp_path / "glossary" / "session.md"
    file.write_text("---\nterm: Session\n---\nA visit.\n")
    assert [t.name for t in found.view().glossary.terms] == ["Session"]
    file.write_text("no term any more")
    assert [t.name for t in found.view().glossary.terms] == ["Session"]


def test_the_index_is_there_before_the_first_search_and_coverage_is_recorded(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(Catalog, "trace", lambda self: None)
    found, usage = Catalog(context, tmp_path), Usage(tmp_path / "usage.sqlite")
    stop = background.start(found, usage)
    for _ in range(500):
        if usage.coverage():
            break
        stop.wait(0.01)
    stop.set()
    assert found.index.search("orders").total == 1
    assert set(usage.coverage()) >= {"owned", "tested", "fresh"}
    assert context.collected == 1


def test_lineage_is_read_when_files_change_and_kept_when_it_can_not_be(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, answers = ["a"], [lineage().tables, PlatformError("dbt does not compile"), RuntimeError]
    asked = []

    def of_project(nodes: Any, queries: Any) -> Any:
        asked.append(list(nodes))
        answer = answers.pop(0)
        if isinstance(answer, dict):
            return answer
        raise answer

    monkeypatch.setattr(tracing, "of_project", of_project)
    monkeypatch.setattr(tracing, "queries", lambda place: iter(()))
    monkeypatch.setattr(tracing, "state", lambda: tuple(files))
    found = Catalog(context, tmp_path)
    assert found.view().columns.tables == {}
    found.trace()
    found.trace()
    assert len(asked) == 1 and len(asked[0]) == 2
    assert found.view().columns.tables == lineage().tables
    for problem in ("dbt does not compile", "Reading it failed"):
        files.append("another")
        found.trace()
        columns = found.view().columns
        assert problem in columns.problem and columns.tables == lineage().tables


def test_trouble_upstream_is_told_nearest_first() -> None:
    view = View(company(), statuses(), NOW)
    assert [a.key for a, _ in view.upstream_trouble("report/revenue")] == [
        "marts/fct_orders",
        "staging/stg_orders",
    ]
