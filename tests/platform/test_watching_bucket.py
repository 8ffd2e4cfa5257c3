"""A landing zone in an object store, watched: what the sensor saw is what the run lists."""

import os
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import obstore
import pytest

from platform_assets.automation import refresh_sensor
from platform_assets.components import file_source, platform_tables
from platform_assets.watching import Unclaimed, Watched, WatchedFiles
from resources.landing import spans
from resources.object_store import store
from resources.settings import settings
from tests.faulty_proxy import FaultyProxy
from tests.ingestion.zone import BucketZone, lines, source
from tests.object_store import object_store

EVENTS = dg.AssetKey(["raw", "events"])
SAID = source(glob="events/**/*.ndjson")


@pytest.fixture
def proxy(project_data: Path) -> Iterator[FaultyProxy]:
    """What stands before the store, and counts what is asked."""
    server = object_store()
    with FaultyProxy(server.endpoint) as found:
        os.environ.update({**server.environment(), "AWS_ENDPOINT_URL": found.endpoint})
        settings.cache_clear()
        yield found


@pytest.fixture
def zone(proxy: FaultyProxy, tmp_path: Path) -> BucketZone:
    """An empty landing zone behind the proxy, and an empty lake."""
    return BucketZone(tmp_path, url=f"{object_store().new_bucket()}/in")


def tick(
    sources: list[Watched], asset: dg.AssetsDefinition, instance: dg.DagsterInstance, cursor: str
) -> dg.SensorResult | dg.SkipReason:
    sensor = refresh_sensor(sources, 0)
    resources = {"warehouse": None, "landing": None}
    defs = dg.Definitions(assets=[asset], sensors=[sensor], resources=resources)
    context = dg.build_sensor_context(
        instance=instance, cursor=cursor, repository_def=defs.get_repository_def()
    )
    found = sensor(context)
    assert isinstance(found, dg.SensorResult | dg.SkipReason)
    return found


def test_a_run_lists_what_the_sensor_saw_and_one_by_hand_lists_all(
    zone: BucketZone, proxy: FaultyProxy
) -> None:
    asset = file_source._asset(SAID, dg.AssetSpec(EVENTS), even=True)
    watched: list[Watched] = [
        WatchedFiles(EVENTS, SAID, zone.warehouse, zone.landing),
        Unclaimed([SAID.glob], zone.landing),
    ]
    resources = {"warehouse": zone.warehouse, "landing": zone.landing}

    def load(tags: dict[str, str]) -> int:
        result = dg.materialize(
            [asset, *platform_tables.specs([EVENTS])],
            instance=instance,
            resources=resources,
            tags=tags,
            selection=[EVENTS],
        )
        (event,) = [e for e in result.get_asset_materialization_events() if e.asset_key == EVENTS]
        return int(event.materialization.metadata["files"].value)  # type: ignore[arg-type]

    with dg.DagsterInstance.ephemeral() as instance:
        zone.land("events/date=1/a.ndjson", lines({"id": 1}))
        found = tick(watched, asset, instance, "")
        assert isinstance(found, dg.SensorResult) and found.run_requests
        tags = dict(found.run_requests[0].tags)
        told = spans.load(tags, "events")
        assert told is not None and len(told) == 1
        zone.land("events/date=0/late.ndjson", lines({"id": 2}))
        proxy.requests.clear()
        assert load(tags) == 2, "what else its page holds is loaded too"
        assert proxy.count("GET", "list-type") == 1
        again = tick(watched, asset, instance, found.cursor or "")
        assert isinstance(again, dg.SkipReason)
        for n in range(3):
            zone.land(f"events/date=2/{n}.ndjson", lines({"id": f"n{n}"}))
        assert load({}) == 3
    assert len(zone.rows()) == 5
    zone.accounted()


def test_a_store_that_fails_is_told_and_the_next_look_finds_what_waits(
    zone: BucketZone, proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resources.landing.cursor.PATIENCE", 0.3)
    asset = file_source._asset(SAID, dg.AssetSpec(EVENTS), even=True)
    watched: list[Watched] = [WatchedFiles(EVENTS, SAID, zone.warehouse, zone.landing)]
    zone.land("events/a.ndjson", lines({"id": 1}))
    with dg.DagsterInstance.ephemeral() as instance:
        proxy.refuse(503)
        found = tick(watched, asset, instance, "")
        assert isinstance(found, dg.SkipReason) and found.skip_message
        assert f"The landing zone {zone.url} can't be used" in found.skip_message
        proxy.heal()
        found = tick(watched, asset, instance, "")
        assert isinstance(found, dg.SensorResult) and len(found.run_requests or ()) == 1


def test_a_file_of_no_source_is_told_until_it_is_gone(zone: BucketZone) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        unclaimed = Unclaimed([SAID.glob], zone.landing, every=0)
        zone.land("events/a.ndjson", b"")
        assert unclaimed.waiting(instance) == {}
        zone.land("orders/a.csv", b"")
        asset = file_source._asset(SAID, dg.AssetSpec(EVENTS), even=True)
        for _ in range(2):
            found = tick([unclaimed], asset, instance, "")
            assert isinstance(found, dg.SkipReason)
            assert found.skip_message == (
                "Files have landed that belong to no source: orders/a.csv."
            )
        obstore.delete(store(zone.url), "orders/a.csv")
        assert unclaimed.waiting(instance) == {}
