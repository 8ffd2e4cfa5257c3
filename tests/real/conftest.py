"""Published data, walked on every engine: declared in `defs/`, loaded once by the command line."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from resources.warehouse import Warehouse
from tests.engines import comparing
from tests.engines.company import Walk
from tests.engines.comparing import Contents
from tests.engines.kinds import ENGINES, settings_of


@dataclass(frozen=True)
class Walked:
    """The published data after `platform-assets materialize`.

    Attributes:
        published: the folder of the data sets: the landing zone.
        output: what the command printed.
    """

    published: Path
    warehouse: Warehouse
    output: str

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with self.warehouse.reading() as connection:
            return connection.execute(sql).fetchall()

    def one(self, sql: str) -> tuple[Any, ...]:
        """Return the one row of a query."""
        (row,) = self.query(sql)
        return row

    def contents(self) -> dict[str, Contents]:
        """Return what every table holds."""
        with self.warehouse.reading() as connection:
            found = connection.execute("SELECT max(snapshot_id) FROM lake.snapshots()").fetchone()
            assert found is not None
            return comparing.read(connection, found[0])


@pytest.fixture(scope="session")
def walks(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Walked]:
    """Everything that `defs/` declares, materialized on each engine as an engineer does it.

    The landing zone is the folder of the published data, which nothing may write to.
    """
    started = []
    for engine in ENGINES:
        data = tmp_path_factory.mktemp(f"real-{engine}")
        walk = Walk(engine, data, settings_of(engine, data))
        walk.start(
            *("platform_assets.cli", "materialize"),
            PLATFORM_DEFS_MODULE="tests.real.defs",
            PLATFORM_LANDING_URL=str(shared_data),
        )
        started.append(walk)
    walked = {}
    for walk in started:
        walk.end()
        with walk.entered() as warehouse, warehouse.reading():  # attached with its settings
            walked[walk.engine] = Walked(shared_data, warehouse, walk.output)
    return walked


@pytest.fixture(scope="session", params=ENGINES)
def walked(request: pytest.FixtureRequest, walks: dict[str, Walked]) -> Walked:
    """The published data on one engine after the other."""
    return walks[request.param]
