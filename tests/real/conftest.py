"""Published data, walked: declared in `defs/`, loaded once by the command line, read by all."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from resources.warehouse import Warehouse
from tests.server.running import command


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


@pytest.fixture(scope="session")
def walked(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Walked:
    """Everything that `defs/` declares, materialized as an engineer does it.

    The landing zone is the folder of the published data, which nothing may write to.
    """
    data = tmp_path_factory.mktemp("real")
    process = command(
        data,
        "materialize",
        PLATFORM_DEFS_MODULE="tests.real.defs",
        PLATFORM_LANDING_URL=str(shared_data),
        PLATFORM_WAREHOUSE_URL="",
    )
    output, _ = process.communicate()
    assert process.returncode == 0, output
    return Walked(shared_data, Warehouse(f"ducklake:///{data / 'warehouse'}"), output)
