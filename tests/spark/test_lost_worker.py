"""A cluster that loses a machine in the middle of a load, and of a model: nothing is lost."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from platform_assets.ingestion import file_cluster
from resources.errors import PlatformError
from resources.settings import settings
from resources.spark.engine import close_shared_engine
from resources.spark.session import open_session, short
from tests.ingestion.zone import Zone
from tests.spark.small_project import SmallProject
from tests.spark.test_load import SAID, events
from tests.spark_server import Spark, start_cluster

pytestmark = [pytest.mark.xdist_group("spark"), pytest.mark.timeout(300)]

FILES, ROWS = 16, 12_000
# A shuffle, and then long work on it: a worker that goes takes shuffled rows with it.
SLOW = """
select g, count(*) as n, sum(id) as total, max(hashed) as top
from (
    select id % 7 as g, id, md5(md5(md5(md5(cast(id as string))))) as hashed
    from (select distinct id from range(0, 1500000, 1, 24) as r(id))
) as work
group by g
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Spark]:
    """A master, two workers and a Connect server, each a process."""
    found = start_cluster()
    yield found
    found.stop()


@pytest.fixture
def cluster_data(project_data: Path, cluster: Spark) -> Iterator[Path]:
    os.environ["PLATFORM_SPARK_URL"] = cluster.url
    settings.cache_clear()
    yield project_data
    close_shared_engine()


class Work(threading.Thread):
    """Work in a thread of its own, and what it raised."""

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self.work = work
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.work()
        except BaseException as error:
            self.error = error


def until(condition: Callable[[], object], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


def test_a_worker_is_killed_while_files_load(
    cluster_data: Path, cluster: Spark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_cluster, "TASK_BYTES", 1)
    zone = Zone(tmp_path)
    events(zone, FILES, ROWS)
    staging = Path(zone.warehouse.data_path) / "staging"
    load = Work(lambda: zone.load(SAID))
    load.start()
    until(lambda: len(list(staging.rglob("*.parquet"))) >= 4)
    assert load.is_alive()
    cluster.kill("worker0")
    load.join(300)
    assert not load.is_alive() and load.error is None
    assert zone.query("SELECT count(*), count(DISTINCT id), sum(id) FROM raw.events") == [
        (FILES * ROWS, FILES * ROWS, sum(range(FILES * ROWS)))
    ]
    assert len(zone.quarantine()) == FILES
    zone.accounted()
    assert not list(staging.iterdir()), "attempts of the lost worker are gone"


def test_a_worker_is_killed_while_a_model_is_built(
    cluster_data: Path, cluster: Spark, tmp_path: Path
) -> None:
    if cluster.processes["worker0"].poll() is not None:
        cluster.start_worker("worker2")
    project = SmallProject(tmp_path / "project")
    project.write("slow", SLOW)
    found: dict[str, str] = {}
    build = Work(lambda: found.update(project.run("run")))
    build.start()
    until(lambda: list(Path(project.warehouse.data_path).glob("spark/marts.slow/*/_temporary")))
    assert build.is_alive()
    cluster.kill("worker1")
    build.join(300)
    assert not build.is_alive() and build.error is None
    assert found == {"slow": "success"}
    assert project.rows("SELECT count(*), sum(n), sum(total) FROM marts.slow") == [
        (7, 1_500_000, sum(range(1_500_000)))
    ]
    assert project.files() == project.known_files()


def test_a_server_that_goes_away_is_told_soon(
    cluster: Spark, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resources.spark.session.RETRIES", 3)
    session = open_session(cluster.url)
    assert session.range(3).toArrow().num_rows == 3
    cluster.kill("server")
    started = time.monotonic()
    with pytest.raises(Exception) as told:  # whatever the client makes of it
        session.range(3).toArrow()
    assert time.monotonic() - started < 60
    assert short(told.value).startswith("The Spark Connect server went away")
    with pytest.raises(
        PlatformError, match=f"No Spark Connect server answers at 127.0.0.1:{cluster.port}"
    ):
        open_session(cluster.url)
