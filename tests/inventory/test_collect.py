"""From Dagster's graph and dbt's manifest to the catalog's facts."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from platform_assets import policy
from platform_assets.catalog.privacy import marked
from platform_assets.inventory import collect
from platform_assets.inventory.model import Asset, Column, Graph
from resources.settings import settings


def definitions() -> dg.Definitions:
    freshness = policy.Freshness(fail="2h", warn="1h").policy()
    source = policy.stamp(
        dg.AssetSpec(["raw", "shop", "customers"]),
        layer="raw", domain="commerce", table="lake.raw.shop__customers",
        owners=["shop@example.com"], description="Accounts.", freshness=freshness,
        columns=[
            dg.TableColumn("id", "bigint", description="Number."),
            dg.TableColumn("eMail", "varchar", tags={"personal": ""}),
            dg.TableColumn("_extra", "varchar"),
        ],
    )  # fmt: skip
    model = policy.stamp(
        dg.AssetSpec(["marts", "dim_customers"], deps=[source.key]),
        layer="marts", domain="commerce", table="lake.marts.dim_customers", kinds={"dbt"},
        owners=["team:data"], description="One row per customer.", file=Path(__file__), line=7,
        metadata={"dagster_dbt/unique_id": "model.p.dim_customers"},
        columns=[dg.TableColumn("id", "?"), dg.TableColumn("e_mail", "?")],
    )  # fmt: skip
    return dg.Definitions(assets=[source, model])


MANIFEST = {
    "nodes": {
        "model.p.dim_customers": {
            "resource_type": "model",
            "package_name": "p",
            "patch_path": "p://models/marts/marts.yml",
            "raw_code": "select {{ 1 }}",
            "compiled_code": "select 1",
            "columns": {"id": {"data_type": "bigint"}},
        },
        "test.p.unique": {
            "resource_type": "test",
            "name": "unique_dim_customers_id",
            "attached_node": "model.p.dim_customers",
            "column_name": "id",
        },
    }
}


def test_facts_come_from_the_definitions_and_from_dbt() -> None:
    graph = collect.graph(definitions().resolve_asset_graph().asset_nodes, MANIFEST)
    found = graph.assets["marts/dim_customers"]
    assert (found.kind, found.layer, found.domain) == ("table", "marts", "commerce")
    assert found.table == "marts.dim_customers"
    assert found.described_in == "dbt/models/marts/marts.yml"
    assert graph.assets["raw/shop/customers"].described_in == ""
    assert found.owners == ("team:data",)
    assert found.parents == ("raw/shop/customers",)
    assert (found.written, found.compiled) == ("select {{ 1 }}", "select 1")
    assert found.file.endswith("test_collect.py") and found.line == 7
    assert found.columns[0] == Column("id", "bigint", tests=("unique_dim_customers_id",))
    source = graph.assets["raw/shop/customers"]
    assert (source.warn_seconds, source.fail_seconds) == (3600, 7200)
    assert source.kind == "source"


def test_personal_data_stays_personal_downstream_under_its_name() -> None:
    graph = marked(collect.graph(definitions().resolve_asset_graph().asset_nodes, {}))
    personal = {(key, c.name) for key, a in graph.assets.items() for c in a.columns if c.personal}
    assert personal == {
        ("raw/shop/customers", "eMail"),
        ("raw/shop/customers", "_extra"),
        ("marts/dim_customers", "e_mail"),
    }


def test_quarantined_records_are_personal_and_other_raw_columns_are_not() -> None:
    graph = marked(
        Graph(
            {
                "platform/quarantine": Asset(
                    "platform/quarantine", "platform", table="platform.quarantine",
                    columns=(Column("raw"), Column("reason")),
                ),
                "raw/x": Asset("raw/x", "source", table="raw.x", columns=(Column("_extra"),)),
            }
        )
    )  # fmt: skip
    quarantine = graph.assets["platform/quarantine"]
    assert [c.personal for c in quarantine.columns] == [True, False]
    assert not graph.assets["raw/x"].columns[0].personal


def test_a_manifest_that_is_being_written_is_as_none(tmp_path: Path) -> None:
    file = tmp_path / "manifest.json"
    assert collect.manifest(file) == {}
    file.write_text('{"nodes": {')
    assert collect.manifest(file) == {}


def test_every_asset_of_dagster_carries_a_link_to_its_page() -> None:
    node = definitions().resolve_asset_graph().get(dg.AssetKey(["raw", "shop", "customers"]))
    assert node.metadata["catalog"].value == "/catalog/asset/raw/shop/customers"


@pytest.mark.parametrize(
    ("declared", "outside"),
    [
        ({"kind": "files", "glob": "orders/*.csv"}, (("file", "/landing/orders"),)),
        (
            {"kind": "table", "table": "orders", "url": "postgresql://ana:***@db.example/shop"},
            (("postgres://db.example:5432", "shop.public.orders"),),
        ),
        (
            {"kind": "table", "table": "shop.orders", "url": "mysql+pymysql://u@db:3307/shop"},
            (("mysql://db:3307", "shop.shop.orders"),),
        ),
        ({"kind": "table", "table": "orders", "url": "None"}, ()),
        ({"kind": "table", "table": "orders", "url": "postgresql://u@db:None/x"}, ()),
        ("a text", ()),
    ],
)
def test_what_a_source_reads_has_openlineages_name(
    declared: Any, outside: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLATFORM_LANDING_URL", "/landing")
    settings.cache_clear()
    spec = dg.AssetSpec("orders", metadata={"source": declared})
    try:
        graph = marked(collect.graph(dg.Definitions([spec]).resolve_asset_graph().asset_nodes, {}))
    finally:
        monkeypatch.undo()
        settings.cache_clear()
    assert graph.assets["orders"].outside == outside
