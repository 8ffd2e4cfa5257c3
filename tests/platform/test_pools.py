"""Pools: who has one, and what limits it has on the instance."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from platform_assets.pools import database_pool, engine_pool, set_limits
from platform_assets.server.instance_config import instance_config
from resources.settings import Settings

TEAM = "ducklake+postgresql://u:p@h/d?files=s3://b"


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        yield instance


def limits(instance: dg.DagsterInstance) -> dict[str, int]:
    return {pool.name: pool.limit for pool in instance.event_log_storage.get_pool_limits()}


def test_the_turns_of_an_embedded_lake_need_no_pool(instance: dg.DagsterInstance) -> None:
    embedded = Settings(warehouse_url="")
    assert engine_pool(embedded) is None
    set_limits(instance, embedded)
    assert limits(instance) == {}


def test_a_teams_lake_has_the_limit_of_the_setting(instance: dg.DagsterInstance) -> None:
    for limit in (3, 5):
        team = Settings(warehouse_url=TEAM, lake_pool=limit)
        assert engine_pool(team) == "lake"
        set_limits(instance, team)
        assert limits(instance) == {"lake": limit}
    assert engine_pool(Settings(warehouse_url=TEAM, lake_pool=0)) is None


def test_where_spark_works_its_places_count(instance: dg.DagsterInstance) -> None:
    cluster = Settings(warehouse_url=TEAM, spark_url="sc://127.0.0.1:15002", spark_pool=2)
    assert engine_pool(cluster) == "spark"
    set_limits(instance, cluster)
    assert limits(instance) == {"spark": 2}
    assert engine_pool(cluster.model_copy(update={"spark_pool": 0})) is None


def test_every_source_database_has_a_pool_of_its_own(tmp_path: Path) -> None:
    assert database_pool("shop", Settings()) == "database_shop"
    assert database_pool("shop", Settings(database_pool=0)) is None
    pools = instance_config(Settings(database_pool=4), tmp_path)["concurrency"]["pools"]
    assert pools == {"granularity": "op", "default_limit": 4}
    assert "pools" not in instance_config(Settings(database_pool=0), tmp_path)["concurrency"]


def test_the_steps_of_the_company_have_the_pools_of_what_they_reach() -> None:
    from platform_assets.definitions import defs

    pools: dict[str, set[str]] = {}
    for asset in defs.resolve_asset_graph().assets_defs:
        if asset.is_executable:
            kind = asset.op.name.split("__")[0]
            pools.setdefault(kind, set()).update(asset.op.pools)
    assert "database_shop" in pools["raw"]
    assert not any(pools[kind] for kind in pools if kind != "raw")
