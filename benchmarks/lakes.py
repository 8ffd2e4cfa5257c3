"""The engines of the benchmarks: a name, and a new empty lake of each with servers of its own.

What belongs here: what chooses an engine; a new one is one entry more. What does not: what is
measured on them.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import sqlalchemy


@dataclass(frozen=True)
class Lake:
    """A new lake.

    Attributes:
        environment: the settings that choose it.
        servers: process ids of its servers, by what they are.
        database: the catalog's URL, for a lake that has one in PostgreSQL.
        file: the catalog, for a lake that has it in a file.
    """

    environment: dict[str, str]
    servers: dict[str, int] = field(default_factory=dict)
    database: str = ""
    file: Path = Path("/nowhere")

    def ask(self, sql: str) -> Any:
        """Return the one value of a query to the catalog's PostgreSQL."""
        engine = sqlalchemy.create_engine(self.database)
        with engine.connect() as connection:
            found = connection.execute(sqlalchemy.text(sql)).scalar_one()
        engine.dispose()
        return found

    def catalog_bytes(self) -> int:
        """Return the size of the catalog."""
        if self.database:
            return int(self.ask("SELECT pg_database_size(current_database())"))
        return sum(each.stat().st_size for each in self.file.parent.glob(f"{self.file.name}*"))

    def cpu_seconds(self) -> dict[str, float]:
        """Return the processor time that each server has taken so far."""
        return {name: _cpu(pid) for name, pid in self.servers.items()}


@contextmanager
def embedded(folder: Path) -> Iterator[Lake]:
    """A SQLite catalog and Parquet files in a folder."""
    url = f"ducklake:///{folder}/lake"
    yield Lake({"PLATFORM_WAREHOUSE_URL": url}, file=folder / "lake" / "catalog.sqlite")


@contextmanager
def team(folder: Path) -> Iterator[Lake]:
    """A catalog in a PostgreSQL that makes sure of each commit, and files in an object store."""
    from tests.lakes import team_url
    from tests.object_store import start_object_store
    from tests.servers import start_postgresql

    database, store = start_postgresql(durable=True), start_object_store()
    try:
        url = database.new_database()
        environment = {
            "PLATFORM_WAREHOUSE_URL": team_url(url, f"{store.new_bucket()}/lake"),
            **store.environment(),
        }
        servers = {"PostgreSQL": database.process.pid, "object store": store.process.pid}
        yield Lake(environment, servers, url)
    finally:
        store.stop()
        database.stop()


@contextmanager
def spark(folder: Path) -> Iterator[Lake]:
    """A team's catalog, files in a folder that all share, and a Spark of two executors."""
    from tests.lakes import team_url
    from tests.servers import start_postgresql
    from tests.spark_server import LARGE, start_spark

    database, server = start_postgresql(durable=True), start_spark(4096, LARGE)
    try:
        url = database.new_database()
        environment = {
            "PLATFORM_WAREHOUSE_URL": team_url(url, f"{folder}/lake"),
            "PLATFORM_SPARK_URL": server.url,
        }
        servers = {"PostgreSQL": database.process.pid, "Spark": server.processes["server"].pid}
        yield Lake(environment, servers, url)
    finally:
        server.stop()
        database.stop()


LAKES: dict[str, Callable[[Path], AbstractContextManager[Lake]]] = {
    "embedded": embedded,
    "team": team,
    "spark": spark,
}


def _cpu(pid: int) -> float:
    """Return the seconds of a process, its children, and those that have ended."""
    root = psutil.Process(pid)
    times = root.cpu_times()
    total = times.user + times.system + times.children_user + times.children_system
    for child in root.children(recursive=True):
        try:
            own = child.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += own.user + own.system
    return float(total)
