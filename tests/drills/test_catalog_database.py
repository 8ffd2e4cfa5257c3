"""A team's database fails at the worst moment: nothing is lost, nothing is doubled."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pandas as pd
import pytest
import sqlalchemy

from platform_assets.ingestion.files import ingest
from resources.errors import PlatformError, UncertainCommit
from resources.settings import settings
from resources.warehouse import Warehouse
from tests.cutting_proxy import CuttingProxy
from tests.drills.orders import ORDERS, land, landing_of, rows_of
from tests.lakes import team_url
from tests.object_store import object_store
from tests.servers import postgresql, start_postgresql


@pytest.fixture
def files(project_data: Path) -> str:
    """Where the lake's files go; the settings of this process reach it."""
    os.environ.update(object_store().environment())
    settings.cache_clear()
    return f"{object_store().new_bucket()}/lake"


@pytest.fixture
def proxied(files: str) -> Iterator[tuple[Warehouse, Warehouse, CuttingProxy]]:
    """A lake through a proxy that loses answers, the same lake without it, and the proxy."""
    database = sqlalchemy.make_url(postgresql().new_database())
    assert database.port is not None
    proxy = CuttingProxy(database.port)
    through = database.set(port=proxy.port).render_as_string(hide_password=False)
    direct = database.render_as_string(hide_password=False)
    yield Warehouse(team_url(through, files)), Warehouse(team_url(direct, files)), proxy
    proxy.close()


STATEMENTS = {
    "insert": "INSERT INTO lake.raw.t SELECT range FROM range(1000)",
    "replace": "CREATE OR REPLACE TABLE lake.raw.t AS SELECT range AS n FROM range(2000)",
    "delete": "DELETE FROM lake.raw.t WHERE n % 2 = 0",
    "update": "UPDATE lake.raw.t SET n = n + 10000 WHERE n < 500",
}


@pytest.mark.parametrize("sql", STATEMENTS.values(), ids=STATEMENTS.keys())
def test_a_commit_whose_answer_is_lost_is_whole_and_the_next_one_works(
    proxied: tuple[Warehouse, Warehouse, CuttingProxy], sql: str
) -> None:
    through, direct, proxy = proxied
    with through.write() as connection:
        connection.execute("CREATE TABLE lake.raw.t AS SELECT range AS n FROM range(1000)")
    with pytest.raises(UncertainCommit, match="next run"), through.write() as connection:
        connection.execute(sql)
        proxy.arm()
    assert proxy.cuts == 1
    local = duckdb.connect()
    local.execute("ATTACH ':memory:' AS lake; CREATE SCHEMA lake.raw")
    local.execute("CREATE TABLE lake.raw.t AS SELECT range AS n FROM range(1000)")
    local.execute(sql)
    with direct.reading() as connection:
        assert connection.execute("SELECT count(*), sum(n) FROM raw.t").fetchone() == (
            local.execute("SELECT count(*), sum(n) FROM lake.raw.t").fetchone()
        )
    with through.write() as connection:
        connection.execute("INSERT INTO raw.t VALUES (7)")


def test_a_load_whose_answer_is_lost_is_known_to_the_next_run(
    proxied: tuple[Warehouse, Warehouse, CuttingProxy], tmp_path: Path
) -> None:
    through, direct, proxy = proxied
    landing = landing_of(tmp_path, 3)
    with through.write():
        pass  # the lake is made
    proxy.arm()
    with pytest.raises(PlatformError):
        for _ in range(5):  # whichever commit it is: of the lock, of a look, of the load
            ingest(through, landing, ORDERS)
    again = Warehouse(direct.url)
    ingest(again, landing, ORDERS)
    assert rows_of(again) == 300
    assert ingest(again, landing, ORDERS).files == 0


READ_WHILE_IT_GOES = """
import sys
from resources.warehouse import Warehouse
with Warehouse(sys.argv[1]).reading() as connection:
    connection.begin()
    print(connection.execute("SELECT count(*) FROM raw.orders").fetchone()[0], flush=True)
    sys.stdin.readline()
print("alive")
"""


def test_a_reader_survives_that_the_database_goes_within_its_transaction(
    files: str, tmp_path: Path
) -> None:
    server = start_postgresql()
    url = team_url(server.new_database(), files)
    ingest(Warehouse(url), landing_of(tmp_path, 1), ORDERS)
    child = subprocess.Popen(  # what is guarded against would end the process of this test
        [sys.executable, "-c", READ_WHILE_IT_GOES, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "100\n"
    server.stop()
    assert child.communicate("\n") == ("alive\n", None)
    assert child.returncode == 0


def test_loads_and_readers_live_through_restarts_of_the_database(
    files: str, tmp_path: Path
) -> None:
    server = start_postgresql()
    warehouse = Warehouse(team_url(server.new_database(), files))
    landing = landing_of(tmp_path, 1)
    ingest(warehouse, landing, ORDERS)
    engine = warehouse.engine()
    stopped, troubles = threading.Event(), list[BaseException]()

    def load() -> None:
        for number in range(1, 13):
            land(tmp_path, number)
            while len(troubles) < 300:
                try:
                    ingest(warehouse, landing, ORDERS)
                    break
                except (PlatformError, duckdb.Error) as error:
                    troubles.append(error)
                    time.sleep(0.05)
        stopped.set()

    loader = threading.Thread(target=load)
    loader.start()
    try:
        for _ in range(2):
            time.sleep(0.4)  # the moments are the drill's: any is right
            server.stop()
            server = server.restart()
        assert stopped.wait(120), [str(each) for each in troubles[-5:]]
        loader.join()
        assert troubles
        assert not [str(each) for each in troubles if not isinstance(each, PlatformError)]
        assert rows_of(warehouse) == 1300
        read = "SELECT count(*) AS n FROM raw.orders"
        assert pd.read_sql(read, engine).n.tolist() == [1300]
    finally:
        server.stop()
