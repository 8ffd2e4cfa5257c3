"""The list of what needs attention as an asset: it is made of all that is known, and kept whole."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from platform_assets.care.rows import TABLE
from platform_assets.components import attention
from platform_assets.components.attention import Attention
from platform_assets.policy import Freshness, enforce, stamp
from platform_assets.product import curated
from platform_assets.product.store import Everything, RecordStore
from resources.warehouse import Warehouse
from tests.care.company import CURATED, FASTER
from tests.components.running import run

VOLUME, UNMEASURED = "volume_off:marts/revenue", "off_track:key_result/faster"


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(f"ducklake:///{tmp_path}/warehouse", memory_limit="512MB", threads=1)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RecordStore:
    """Records of the small company: an objective, and a store where nobody asked for anything."""
    found = RecordStore(f"sqlite:///{tmp_path}/records.sqlite")
    monkeypatch.setattr(RecordStore, "from_settings", lambda *_: found)
    today = datetime.now(UTC).date()
    under_way = replace(FASTER, start=today - timedelta(9), due=today + timedelta(9))
    objective = replace(CURATED.objectives[0], key_results=(under_way,))
    monkeypatch.setattr(curated, "read", lambda *_: replace(CURATED, objectives=(objective,)))
    return found


def declared() -> Attention:
    return Attention(owner="team:data", freshness=Freshness(warn="3h", fail="26h"))


def definitions() -> dg.Definitions:
    """The asset, what it rests on, and a mart that an objective rests on."""
    names = [
        ["marts", "revenue"],
        ["key_result", "faster"],
        *(["product", name] for name in attention.RESTS_ON),
    ]
    others = [
        stamp(
            dg.AssetSpec(name), layer=name[0], domain="shop", owners=["shop@example.com"],
            table=f"lake.{'.'.join(name)}", description="What it is.",
            freshness=Freshness(fail="1h").policy(),
            columns=[dg.TableColumn("day", "date", description="The day.")],
        )
        for name in names
    ]  # fmt: skip
    spec = declared().spec(Path("defs.yaml"))
    return dg.Definitions(assets=[*others, attention._asset(spec)])


def look(instance: dg.DagsterInstance, warehouse: Warehouse) -> None:
    resources = dg.Definitions(resources={"warehouse": warehouse}, executor=dg.in_process_executor)
    done = run(dg.Definitions.merge(definitions(), resources), instance, [attention.KEY])
    assert done.success


def rows(warehouse: Warehouse, columns: str) -> list[tuple[object, ...]]:
    with warehouse.reading() as connection:
        return connection.execute(
            f"SELECT {columns} FROM product.attention ORDER BY rank"
        ).fetchall()


def test_the_asset_says_all_that_the_policy_asks_and_describes_each_column() -> None:
    spec = declared().spec(Path("defs.yaml"))
    enforce([spec])
    columns = spec.metadata["dagster/column_schema"].columns
    assert [c.name for c in columns] == [
        "as_of", "rank", "item", "kind", "title", "what", "importance", "trouble", "score",
        "arithmetic", "next_step", "owner", "snoozed_until", "snoozed_because",
    ]  # fmt: skip
    assert all(c.description for c in columns)
    assert [c.name for c in columns if "personal" in c.tags] == ["owner"]
    deps = {dep.asset_key.to_user_string() for dep in spec.deps}
    assert {"product/requests", "product/feedback", "product/minutes"} <= deps
    assert not any(key.startswith(("raw/", "marts/", "key_result/")) for key in deps)


def test_a_cron_expression_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="is no cron expression"):
        Attention(owner="team:data", freshness=Freshness(fail="26h"), cron="hourly")


def test_the_list_is_written_whole_with_snoozes_last(
    warehouse: Warehouse, store: RecordStore
) -> None:
    with warehouse.write() as connection:
        connection.execute(
            "CREATE TABLE lake.marts.asset_usage AS SELECT 'marts/revenue' AS asset, "
            "40 AS uses_90d, 12 AS recorded_days"
        )
    with dg.DagsterInstance.ephemeral() as instance:
        for count in (500, 500, 500, 500, 500, 120):
            made = dg.AssetMaterialization(
                ["marts", "revenue"], metadata={"dagster/row_count": count}
            )
            instance.report_runless_asset_event(made)
        look(instance, warehouse)
        assert rows(warehouse, "rank, item, owner, score, what") == [
            (1, VOLUME, "shop@example.com", 75, "120 rows, usually 500"),
            (2, UNMEASURED, "ada@example.com", 33, "not measured: it was never measured"),
        ]
        (sum_,), _ = rows(warehouse, "arithmetic")
        assert sum_ == "(1 + 10 for 1 objective + 4 for 40 looks) × (5 rows halved) = 75"

        later = datetime.now(UTC) + timedelta(days=9)
        store.snooze(VOLUME, "ada", "They clean up", later)
        look(instance, warehouse)
        assert rows(warehouse, "item, snoozed_because, snoozed_until > as_of") == [
            (UNMEASURED, None, None),
            (VOLUME, "They clean up", True),
        ]
        event = instance.get_latest_materialization_event(attention.KEY)
        assert event is not None and event.asset_materialization is not None
        told = {k: v.value for k, v in event.asset_materialization.metadata.items()}
        assert told["snoozed"] == 1 and told["dagster/row_count"] == 2


def test_an_empty_store_and_an_empty_lake_are_no_trouble(
    warehouse: Warehouse, store: RecordStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(curated, "read", lambda *_: curated.Curated())
    assert store.everything() == Everything()
    with dg.DagsterInstance.ephemeral() as instance:
        look(instance, warehouse)
        assert rows(warehouse, "*") == []
    assert len(TABLE.columns) == 14
