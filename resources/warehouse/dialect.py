"""The read seam: SQLAlchemy on the lake, read-only.

DuckDB's own SQLAlchemy dialect does the work; what is ours is how a connection is made: one
DuckDB per engine with the lake attached read-only, and a cursor of it per pooled connection.
"""

import threading
from typing import TYPE_CHECKING

import duckdb
import sqlalchemy
from duckdb_engine import ConnectionWrapper
from sqlalchemy.pool import QueuePool

if TYPE_CHECKING:
    from resources.warehouse.connection import Warehouse


def read_only_engine(warehouse: "Warehouse") -> sqlalchemy.Engine:
    """Return an engine whose connections can read the lake and change nothing.

    Raises on first use:
        PlatformError: there is no warehouse yet.
    """
    guard = threading.Lock()
    root: list[duckdb.DuckDBPyConnection] = []

    def creator() -> ConnectionWrapper:
        with guard:
            if not root:
                root.append(warehouse.connect(read_only=True))
            cursor = root[0].cursor()
        cursor.execute("USE lake")
        return ConnectionWrapper(cursor)

    engine = sqlalchemy.create_engine(
        "duckdb:///:memory:",
        creator=creator,
        poolclass=QueuePool,
        pool_size=4,
        max_overflow=16,
    )

    @sqlalchemy.event.listens_for(engine, "handle_error")
    def connect_anew(context: sqlalchemy.engine.ExceptionContext) -> None:
        """Throw all connections away when the lake went away: they do not recover."""
        error = context.original_exception
        if warehouse.place.is_lost(error):
            context.is_disconnect = True
            with guard:
                root.clear()

    return engine
