"""A link that leads nowhere fails the load: every record is there, and nothing is made of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from platform_assets.components.product_links import HOLD, Found, look
from platform_assets.components.product_records import ProductRecords, owned
from platform_assets.policy import Freshness
from platform_assets.product import curated
from platform_assets.product.curated import Curated
from platform_assets.product.rows_tables import LINKING, LINKS, REQUESTS, TABLES
from platform_assets.product.store import Everything, RecordStore
from platform_assets.reporting.folder_archive import FolderArchive
from resources.errors import PlatformError
from resources.settings import PROJECT_ROOT, settings
from resources.warehouse import Warehouse
from tests.components.running import run
from tests.product.curated_files import write

ASSETS = ("marts/orders", "raw/shop/orders", "report/weekly")
BACKLOG = dg.AssetKey("backlog")
KEYS = {table.name: dg.AssetKey(["product", table.name]) for table in TABLES}


@dataclass
class World:
    """Records, their tables, and a backlog that rests on them."""

    store: RecordStore
    instance: dg.DagsterInstance
    assets: tuple[str, ...] = ASSETS

    def defs(self) -> dg.Definitions:
        component = ProductRecords(owner="team:data", freshness=Freshness(warn="26h", fail="50h"))
        file = PROJECT_ROOT / "platform_assets" / "defs" / "product" / "defs.yaml"
        own = [dg.AssetSpec(key.split("/"), owners=["team:data"]) for key in self.assets]
        read = dg.Definitions(
            assets=[_backlog, *own],
            resources={"warehouse": Warehouse.from_settings()},
            executor=dg.in_process_executor,
        )
        return dg.Definitions.merge(component.definitions(file), read)

    def load(self) -> dg.JobExecutionResult:
        return run(self.defs(), self.instance)

    def made(self, key: dg.AssetKey) -> bool:
        return self.instance.get_latest_materialization_event(key) is not None

    def check(self, table: str) -> dg.AssetCheckEvaluation:
        key = dg.AssetCheckKey(KEYS[table], HOLD)
        records = self.instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
        assert records[0].event and records[0].event.dagster_event
        return records[0].event.dagster_event.asset_check_evaluation_data

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with Warehouse.from_settings().reading() as connection:
            return connection.execute(sql).fetchall()


@dg.asset(key=BACKLOG, deps=[KEYS["requests"]])
def _backlog() -> None: ...


@pytest.fixture
def world(project_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    folder = write(tmp_path / "product")
    monkeypatch.setattr(curated, "folder", lambda: folder)
    store = RecordStore(settings().records)
    for title in ("Orders by hour", "Returns by day"):
        store.submit_request("mara", title=title)
    with dg.DagsterInstance.ephemeral() as instance:
        yield World(store, instance)
    store.close()


def test_a_broken_link_fails_the_load_and_mending_it_makes_what_rests_on_it(world: World) -> None:
    world.store.ship(2, "emil", "report/weakly")
    world.store.submit_request("jonas", title="Stock")
    failed = world.load()
    assert not failed.success and not world.made(BACKLOG)
    told = next(e for e in failed.all_events if e.is_step_failure).step_failure_data
    assert "/catalog/request/2: there is no asset report/weakly, which request/2 names in " in str(
        told.user_failure_data.description  # type: ignore[union-attr]
    )
    # No record waits for the broken one; the link is no row.
    assert world.rows("SELECT number FROM lake.product.requests ORDER BY 1") == [(1,), (2,), (3,)]
    assert ("request/2", "answered_by") not in world.rows(
        "SELECT source, relation FROM lake.product.links"
    )
    for table in ("requests", "links"):
        check = world.check(table)
        assert not check.passed and check.severity == dg.AssetCheckSeverity.ERROR
        assert check.blocking and check.metadata["broken"].value == 1
        (row,) = check.metadata["broken_links"].records  # type: ignore[union-attr]
        assert row.data == {  # type: ignore[union-attr]
            "record": "request/2",
            "field": "answered_by",
            "missing": "asset report/weakly",
            "nearest": "report/weekly",
            "where": "/catalog/request/2",
            "way_out": "Lead it elsewhere, or let it rest: /catalog/triage/links.",
        }
    assert world.check("feedback").passed

    world.store.ship(2, "emil", "report/weekly")
    assert world.load().success and world.made(BACKLOG)
    assert world.check("links").passed and world.check("requests").passed
    assert ("request/2", "answered_by", "report/weekly") in world.rows(
        "SELECT source, relation, target FROM lake.product.links"
    )


def test_an_asset_that_somebody_reads_and_nobody_defines_is_none() -> None:
    assert owned([dg.AssetSpec("read"), dg.AssetSpec("made", owners=["team:data"])]) == {"made"}


def test_a_store_where_nobody_asked_for_anything_loads(project_data: Path) -> None:
    found = look(Curated(), Everything(), frozenset(), FolderArchive(project_data))
    assert found == Found((), 0, "Nobody has asked for anything yet: no link was looked up.")


def test_each_table_is_told_what_its_own_records_name(tmp_path: Path, world: World) -> None:
    written = curated.read(curated.folder(), PROJECT_ROOT.parent)
    world.store.submit_feedback("jo", about="marts/gone", version="", rating=2, words="Where?")
    one = world.store.everything()
    only = Everything(requests=one.requests[:1], feedback=one.feedback)
    found = look(written, only, frozenset(ASSETS), FolderArchive(tmp_path))
    counts = {table.name: len(found.of(table)) for table in LINKING}
    assert counts == {
        "requests": 0, "feedback": 1, "requirements": 1, "decisions": 0, "roadmap": 0, "links": 2,
    }  # fmt: skip


def test_where_versions_can_not_be_read_the_check_says_so(world: World) -> None:
    class Away:
        def names(self, report: str) -> list[str]:
            raise PlatformError("s3://reports does not answer.")

    world.store.submit_feedback(
        "jo", about="report/weekly", version="2026-06-02T060000Z", rating=2, words=""
    )
    found = look(Curated(), world.store.everything(), frozenset(ASSETS), Away())  # type: ignore[arg-type]
    assert found.faults == () and found.of(LINKS) == [] and found.of(REQUESTS) == []
    assert found.unknown == "Versions of reports were not looked up: s3://reports does not answer."
