"""dbt's connection to the lake: the warehouse's own, made by a plugin of dbt's DuckDB adapter.

What belongs here: attaching the lake to dbt's connection, so that no address and no password goes
through dbt's profile. What does not: whose turn it is to write (`dbt_turns`).
"""

from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin

from resources.settings import settings
from resources.warehouse import Warehouse


class Plugin(BasePlugin):
    """Attaches the lake of the settings as `lake`; `dbt/profiles.yml` names this module."""

    def update_connection_config(self, creds: Any, config: Any) -> None:
        """Take the placeholder for the lake out of what the adapter attaches itself."""
        creds.attach = None

    def configure_connection(self, conn: Any) -> None:
        """Set up the one connection that dbt has to DuckDB."""
        Warehouse.from_settings().attach_to(conn, settings().model_memory)
        conn.execute(f"SET temp_directory = '{settings().data / 'tmp' / 'dbt'}'")
