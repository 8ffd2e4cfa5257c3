"""A small warehouse of the web models: batches land as the loader lands them, dbt builds them.

What belongs here: raw tables, landing, building, reading rows to compare. What does not: what the
batches hold (`web_calls`).
"""

from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
from dbt.contracts.graph.manifest import Manifest

from resources.warehouse import Warehouse
from tests.dbt.running import run
from tests.dbt.web_calls import AGENTS, Call

MODELS = (
    "staging.stg_web_events",
    "staging.stg_access_log",
    "intermediate.int_identity",
    "intermediate.int_sessions",
    "intermediate.int_access_log_sessions",
    "marts.fct_sessions",
    "marts.fct_page_views",
    "marts.daily_traffic",
    "marts.daily_funnel",
)
# Which load changed a row last depends on how the rows were cut into loads: nothing else may.
LOADS = ("_load_id", "identity_load_id")
PROVENANCE = "_file VARCHAR, _line BIGINT, _load_id BIGINT, _loaded_at TIMESTAMPTZ, _extra VARCHAR"
EVENTS = (
    '"messageId" VARCHAR, "type" VARCHAR, event VARCHAR, name VARCHAR, "anonymousId" VARCHAR, '
    '"userId" VARCHAR, "timestamp" TIMESTAMPTZ, "receivedAt" TIMESTAMPTZ, properties VARCHAR, '
    f"context VARCHAR, {PROVENANCE}"
)
LOG = (
    "remote_addr VARCHAR, user_agent VARCHAR, time TIMESTAMPTZ, method VARCHAR, path VARCHAR, "
    f"protocol VARCHAR, status BIGINT, bytes BIGINT, referer VARCHAR, {PROVENANCE}"
)
AGENT_COLUMNS = (
    "user_agent VARCHAR, browser VARCHAR, browser_version VARCHAR, os VARCHAR, os_version VARCHAR, "
    "device VARCHAR, device_class VARCHAR, is_bot BOOLEAN, _load_id BIGINT"
)


class WebLake:
    """The warehouse that the settings name, with the raw tables of the web models.

    Args:
        manifest: the parsed dbt project; to parse it for every build would take most of the time.
    """

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.warehouse = Warehouse.from_settings()
        self.load = 0
        self.seeded = False
        with self.warehouse.write() as lake:
            lake.execute(f"CREATE TABLE raw.web_events ({EVENTS})")
            lake.execute(f"CREATE TABLE raw.app_events ({EVENTS})")
            lake.execute(f"CREATE TABLE raw.access_log ({LOG})")
            lake.execute(f"CREATE TABLE staging.user_agents ({AGENT_COLUMNS})")

    def land(self, calls: Iterable[Call] = (), log: Iterable[dict[str, Any]] = ()) -> None:
        """Load a batch: one load for each source that has rows in it."""
        calls = list(calls)
        for platform in ("web", "app"):
            self._load(f"{platform}_events", [c.raw() for c in calls if c.platform == platform])
        self._load("access_log", list(log))

    def class_agents(self, agents: Iterable[str] = AGENTS) -> None:
        """Class user agents, as the Python asset `staging/user_agents` does."""
        with self.warehouse.write() as lake:
            for agent in agents:
                device_class, is_bot = AGENTS[agent]
                lake.execute(
                    "INSERT INTO staging.user_agents (user_agent, browser, os, device_class, "
                    "is_bot, _load_id) VALUES (?, 'a browser', 'an os', ?, ?, ?)",
                    [agent, device_class, is_bot, self.load],
                )

    def build(self, select: Sequence[str] = MODELS, full_refresh: bool = False) -> None:
        """Run models (without their tests), as many as are named.

        Raises:
            AssertionError: a model failed.
        """
        seeds = [] if self.seeded else self.results("seed", ["referrer_hosts"])
        self.seeded = True
        for result in [*seeds, *self.results("run", select, full_refresh)]:
            assert result.status == "success", f"{result.node.name}: {result.message}"

    def results(self, command: str, select: Sequence[str], full_refresh: bool = False) -> list[Any]:
        """Run dbt in this process and return one result for each node."""
        flags = ["--full-refresh"] if full_refresh else []
        names = [name.split(".")[-1] for name in select]
        return run(self.manifest, command, ["--select", *names, *flags])

    def rows(self, model: str) -> list[tuple[Any, ...]]:
        """Return every row of a model, sorted, without the columns that number loads."""
        with self.warehouse.reading() as lake:
            found = lake.execute(
                f"SELECT COLUMNS(c -> c NOT IN {LOADS}) FROM lake.{model} ORDER BY ALL"
            )
            return found.fetchall()

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return the rows of every web model."""
        return {model: self.rows(model) for model in MODELS}

    def _load(self, table: str, rows: list[dict[str, Any]]) -> None:
        if not rows:
            return
        self.load += 1
        batch = pa.Table.from_pylist(rows)
        with self.warehouse.write() as lake:
            lake.register("batch", batch)
            lake.execute(
                f"INSERT INTO raw.{table} BY NAME SELECT *, {self.load} AS _load_id FROM batch"
            )
            lake.execute(
                "INSERT INTO platform.ledger (load_id, source, kind, file, status, rows_in_file, "
                "rows_loaded, rows_quarantined, loaded_at) "
                "VALUES (?, ?, 'file', ?, 'loaded', ?, ?, 0, now())",
                [self.load, table, f"{table}/{self.load}", len(rows), len(rows)],
            )
