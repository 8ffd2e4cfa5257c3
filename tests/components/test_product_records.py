"""Records as assets: what they say of themselves, what refuses to load, what the sensor sees."""

from pathlib import Path

import dagster as dg
import pytest

from platform_assets.components.product_records import ProductRecords, refuse_broken_links
from platform_assets.components.product_watching import WatchedRecords
from platform_assets.policy import Freshness
from platform_assets.product import curated
from platform_assets.product.rows_state import state
from platform_assets.product.rows_tables import (
    FEEDBACK,
    LINKING,
    LINKS,
    METRICS,
    REQUIREMENTS,
    TABLES,
    Table,
)
from platform_assets.product.store import RecordStore
from resources.errors import PlatformError
from resources.settings import PROJECT_ROOT
from tests.product.curated_files import write

ASSETS = ("marts/orders", "raw/shop/orders", "report/weekly")
CHECK = dg.AssetCheckKey(dg.AssetKey(["marts", "orders"]), "unique")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Good records, as those of the organisation."""
    found = write(tmp_path / "product")
    monkeypatch.setattr(curated, "folder", lambda: found)
    return found


@pytest.fixture
def store(tmp_path: Path) -> RecordStore:
    return RecordStore(f"sqlite:///{tmp_path}/records.sqlite")


def specs(*owned: str) -> list[dg.AssetSpec]:
    return [dg.AssetSpec(key.split("/"), owners=["team:data"]) for key in owned]


def test_every_table_is_an_asset_that_says_all_the_policy_asks() -> None:
    component = ProductRecords(owner="team:data", freshness=Freshness(warn="26h", fail="50h"))
    file = PROJECT_ROOT / "platform_assets" / "defs" / "product" / "defs.yaml"
    found = {table.name: component.spec(table, file) for table in TABLES}
    assert {s.group_name for s in found.values()} == {"product"}
    assert {s.tags["layer"] for s in found.values()} == {"product"}
    feedback = found["feedback"]
    assert feedback.metadata["dagster/table_name"] == "lake.product.feedback"
    columns = feedback.metadata["dagster/column_schema"].columns
    assert [c.name for c in columns if "personal" in c.tags] == ["author", "answered_by"]
    assert {dep.asset_key.path[-1] for dep in found["links"].deps} == {
        table.name for table in TABLES
    } - {"links"}


def test_records_that_lead_somewhere_load(folder: Path) -> None:
    refuse_broken_links(specs(*ASSETS), [CHECK])


def test_a_broken_link_refuses_to_load_with_file_line_and_the_nearest_name(folder: Path) -> None:
    nobody = dg.AssetSpec(["report", "weekly"])  # something reads it, nobody defines it
    with pytest.raises(PlatformError) as told:
        refuse_broken_links([*specs("marts/orders", "raw/shop/orders"), nobody], [CHECK])
    assert told.value.message.count("there is no asset report/weekly") == 2
    assert "requirements/fast.md:9: " in told.value.message
    with pytest.raises(PlatformError, match="no check marts/orders:unique"):
        refuse_broken_links(specs(*ASSETS), [])


def test_the_sensor_sees_what_changed(folder: Path, store: RecordStore) -> None:
    watched = WatchedRecords(store, folder, frozenset(ASSETS))
    with dg.DagsterInstance.ephemeral() as instance:
        assert len(watched.waiting(instance)) == len(TABLES)
        made(instance, store, folder)
        assert watched.waiting(instance) == {}

        before = watched.landed()
        store.submit_request("mara", title="Orders by hour")
        assert watched.landed() != before
        assert names(watched.waiting(instance)) == {"requests", "feedback", "history", "links"}
        made(instance, store, folder)

        (folder / METRICS.name / "orders.md").unlink()
        assert "metrics" in names(watched.waiting(instance))
        assert FEEDBACK.name not in names(watched.waiting(instance))
        assert LINKS.name in names(watched.waiting(instance))
    assert watched.spans() == {}


def test_an_asset_that_comes_or_goes_is_news_to_what_names_assets(
    folder: Path, store: RecordStore
) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        made(instance, store, folder)
        less = WatchedRecords(store, folder, frozenset(ASSETS[1:]))
        assert names(less.waiting(instance)) == {table.name for table in LINKING}


def test_a_table_with_a_broken_link_waits_for_whatever_may_mend_it(
    folder: Path, store: RecordStore
) -> None:
    watched = WatchedRecords(store, folder, frozenset(ASSETS))
    with dg.DagsterInstance.ephemeral() as instance:
        made(instance, store, folder, broken=REQUIREMENTS)
        assert watched.waiting(instance) == {}, "what is broken is not tried again for nothing"
        store.submit_request("mara", title="Orders by hour")
        assert "requirements" in names(watched.waiting(instance))
        made(instance, store, folder)
        store.submit_request("mara", title="Returns")
        assert "requirements" not in names(watched.waiting(instance))


def made(
    instance: dg.DagsterInstance, store: RecordStore, folder: Path, broken: Table | None = None
) -> None:
    """Report all tables as made from the records of now."""
    now = state(store, folder, assets=ASSETS)
    for table in TABLES:
        mark = now.of_broken(table) if table is broken else now.of(table)
        instance.report_runless_asset_event(
            dg.AssetMaterialization(["product", table.name], metadata={"source_fingerprint": mark})
        )


def names(waiting: dict[dg.AssetKey, str]) -> set[str]:
    return {key.path[-1] for key in waiting}
