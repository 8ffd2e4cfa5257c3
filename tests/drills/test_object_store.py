"""A team's object store fails while its lake is written and read: nothing is half-written."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from platform_assets.ingestion.files import ingest
from resources.errors import PlatformError
from resources.settings import settings
from resources.warehouse import Warehouse
from tests import lakes
from tests.drills.orders import LINES, ORDERS, land, landing_of, rows_of
from tests.faulty_proxy import FaultyProxy
from tests.object_store import object_store

AWAY = 5.0  # seconds for which the store answers 503; the pauses between tries have grown by then
SUMS = "SELECT count(*), sum(n), count(DISTINCT n) FROM raw.numbers"


@pytest.fixture
def proxy(project_data: Path) -> Iterator[FaultyProxy]:
    """What stands between the lake and its files, and fails when it is told to."""
    with FaultyProxy(object_store().endpoint) as found:
        os.environ.update(lakes.new_lake("team", project_data))
        os.environ["AWS_ENDPOINT_URL"] = found.endpoint
        settings.cache_clear()
        yield found


@pytest.fixture
def lake(proxy: FaultyProxy) -> Warehouse:
    """A lake with a table of a hundred thousand numbers."""
    warehouse = Warehouse.from_settings()
    build(warehouse, 1)
    return warehouse


def build(warehouse: Warehouse, times: int) -> None:
    """Build a table anew as dbt does, in files of a few hundred kilobytes."""
    with warehouse.write("raw.numbers") as connection:
        connection.execute(
            f"CREATE OR REPLACE TABLE raw.numbers AS SELECT range * {times} AS n FROM range(100000)"
        )


def numbers(warehouse: Warehouse) -> int:
    """Return which table of numbers is there, whole."""
    with warehouse.reading() as connection:
        count, total, distinct = connection.execute(SUMS).fetchone() or (0, 0, 0)
    assert count == distinct == 100_000
    return int(total) // sum(range(100_000))


def impatient() -> None:
    """Let requests be tried again for half a second only."""
    os.environ["PLATFORM_S3_PATIENCE"] = "0.5"
    settings.cache_clear()


def busy(proxy: FaultyProxy) -> None:
    proxy.refuse(503)


def torn(proxy: FaultyProxy) -> None:
    proxy.cut_uploads(after=1000)


def test_a_store_that_is_busy_for_some_time_is_waited_for(
    proxy: FaultyProxy, lake: Warehouse, tmp_path: Path
) -> None:
    landing = landing_of(tmp_path, 1)
    proxy.refuse(503, seconds=AWAY)
    build(lake, 2)
    assert proxy.faulted
    proxy.refuse(503, seconds=AWAY / 4)
    assert numbers(Warehouse(lake.url)) == 2  # a reader who has no file of it yet
    proxy.refuse(503, seconds=AWAY / 4)
    ingest(lake, landing, ORDERS)
    assert rows_of(lake) == LINES


def test_a_slow_store_is_as_good_as_a_fast_one(
    proxy: FaultyProxy, lake: Warehouse, tmp_path: Path
) -> None:
    proxy.bytes_per_second = 400_000
    build(lake, 3)
    assert numbers(Warehouse(lake.url)) == 3
    ingest(lake, landing_of(tmp_path, 2), ORDERS)
    assert rows_of(lake) == 2 * LINES


def test_a_torn_upload_is_sent_again(proxy: FaultyProxy, lake: Warehouse, tmp_path: Path) -> None:
    proxy.cut_uploads(after=1000, times=1)
    build(lake, 4)
    assert proxy.faulted == 1
    proxy.cut_uploads(after=100, times=1)
    ingest(lake, landing_of(tmp_path, 2), ORDERS)
    assert proxy.faulted == 2
    assert (numbers(Warehouse(lake.url)), rows_of(lake)) == (4, 2 * LINES)


@pytest.mark.parametrize("fault", [busy, torn])
def test_a_store_that_stays_away_is_told_and_the_next_run_finishes(
    proxy: FaultyProxy, lake: Warehouse, tmp_path: Path, fault: Callable[[FaultyProxy], None]
) -> None:
    landing = landing_of(tmp_path, 1)
    ingest(lake, landing, ORDERS)
    land(tmp_path, 1)
    impatient()
    impatient_lake = Warehouse.from_settings()
    fault(proxy)
    with pytest.raises(PlatformError) as told:
        build(impatient_lake, 5)
    assert "object store" in told.value.hint and "next run" in told.value.hint
    with pytest.raises(PlatformError):
        ingest(impatient_lake, landing, ORDERS)
    proxy.heal()
    assert (numbers(impatient_lake), rows_of(impatient_lake)) == (1, LINES)
    build(impatient_lake, 5)
    ingest(impatient_lake, landing, ORDERS)
    assert (numbers(impatient_lake), rows_of(impatient_lake)) == (5, 2 * LINES)
    assert ingest(impatient_lake, landing, ORDERS).files == 0
