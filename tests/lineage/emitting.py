"""A small platform whose events are sent, and a receiver that takes them or does not."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import dagster as dg
from openlineage.client import OpenLineageClient

from platform_assets.lineage.model import Edge, Source, Statement, TableLineage
from platform_assets.lineage.openlineage.emit.delivery import Delivery
from platform_assets.lineage.openlineage.emit.described import describe
from platform_assets.lineage.openlineage.emit.log import Log
from platform_assets.lineage.openlineage.emit.runs import Teller
from platform_assets.lineage.openlineage.emit.tail import Tail
from platform_assets.lineage.openlineage.naming import Naming
from platform_assets.server.event_log import KeptEventLog

NAMING = Naming(
    jobs="platform",
    lake="ducklake:///srv/warehouse",
    catalog="duckdb:///srv/warehouse/catalog.sqlite",
    files="/srv/warehouse/data",
    reports="/srv/reports",
    landing="/srv/landing",
)
SOURCES = {"raw/orders": [NAMING.landed("orders/**/*.csv")]}
LINEAGE = {
    "marts/orders": TableLineage(
        key="marts/orders",
        table="marts.orders",
        columns={
            "id": (Edge(Source("raw.orders", "id"), "DIRECT", "IDENTITY"),),
            "total": (
                Edge(
                    Source("raw.orders", "payload", "payload.price"), "DIRECT", "AGGREGATION", "sum"
                ),
                Edge(Source("raw.orders", "id"), "INDIRECT", "GROUP_BY"),
            ),
        },
        rows=(Edge(Source("raw.orders", "country"), "INDIRECT", "FILTER", "country = 'DE'"),),
    )
}
STATEMENT = Statement(
    "marts/orders",
    "marts.orders",
    "SELECT id, sum(payload.price) AS total FROM raw.orders GROUP BY id",
)
DAYS = dg.DailyPartitionsDefinition("2026-01-01")
PERSONAL = dg.TableColumn("email", "varchar", "Of the customer.", tags={"personal": "true"})


def table(name: str, *columns: dg.TableColumn) -> dict[str, Any]:
    return {
        "dagster/table_name": f"lake.{name}",
        **({"dagster/column_schema": dg.TableSchema(list(columns))} if columns else {}),
    }


@dg.asset(
    key=["raw", "orders"],
    owners=["team:data"],
    description="One row per order.",
    metadata=table("raw.orders", dg.TableColumn("id", "bigint", "Its number."), PERSONAL),
    tags={"layer": "raw", "domain": "commerce"},
    check_specs=[dg.AssetCheckSpec("volume", asset=["raw", "orders"])],
)
def raw_orders() -> dg.MaterializeResult:
    """Loads."""
    return dg.MaterializeResult(
        metadata={
            "rows_loaded": 7,
            "dagster/row_count": 100,
            "dagster/column_schema": dg.TableSchema([dg.TableColumn("id", "bigint"), PERSONAL]),
        },
        check_results=[
            dg.AssetCheckResult(
                passed=False, severity=dg.AssetCheckSeverity.WARN, description="Few rows."
            )
        ],
    )


@dg.asset(
    key=["marts", "orders"],
    deps=[raw_orders],
    owners=["ana@example.com"],
    metadata=table(
        "marts.orders", dg.TableColumn("id", "bigint"), dg.TableColumn("total", "double")
    ),
    kinds={"dbt", "ducklake", "table"},
)
def mart_orders() -> dg.MaterializeResult:
    """Sums."""
    return dg.MaterializeResult(metadata={"dagster/row_count": 3, "dagster/size_bytes": 4096})


@dg.asset(key=["marts", "daily"], deps=[mart_orders], partitions_def=DAYS)
def mart_daily() -> None:
    """A day."""


@dg.asset(key=["marts", "broken"], deps=[raw_orders], metadata=table("marts.broken"))
def mart_broken() -> None:
    """Fails."""
    raise ValueError("no table at postgresql://ana:hunter2hunter2@db/shop")


MEANWHILE: list[Callable[[], None]] = []  # called in the middle of what makes a table


@dg.multi_asset(
    specs=[dg.AssetSpec(["marts", "first"]), dg.AssetSpec(["marts", "second"])],
)
def marts_together() -> Iterator[dg.MaterializeResult]:
    """One after the other."""
    yield dg.MaterializeResult(asset_key=["marts", "first"])
    for each in MEANWHILE:
        each()
    yield dg.MaterializeResult(asset_key=["marts", "second"])


@dg.asset(key=["report", "weekly"], deps=[mart_broken])
def report_weekly() -> None:
    """Rests on what fails."""


OUTSIDE = dg.AssetSpec(["platform", "ledger"], deps=[raw_orders], metadata=table("platform.ledger"))
DEFINITIONS = dg.Definitions(
    assets=[
        raw_orders,
        mart_orders,
        mart_daily,
        mart_broken,
        report_weekly,
        marts_together,
        OUTSIDE,
    ],
    executor=dg.in_process_executor,
)
GRAPH = DEFINITIONS.get_repository_def().asset_graph
PARTITIONS = {"marts/daily": DAYS}
ASSETS = describe(
    list(GRAPH.asset_nodes),
    NAMING,
    sources=SOURCES,
    columns=lambda _nodes: LINEAGE,
    statements=lambda _nodes: [STATEMENT],
)


def instance_at(folder: Path) -> dg.DagsterInstance:
    """Return the instance of a folder, with the event log that the platform keeps."""
    folder.mkdir(exist_ok=True)
    storage = {
        "module": KeptEventLog.__module__,
        "class": KeptEventLog.__name__,
        "config": {"base_dir": str(folder / "events")},
    }
    return dg.DagsterInstance.local_temp(str(folder), overrides={"event_log_storage": storage})


def materialize(
    instance: dg.DagsterInstance, *keys: str, partition: str | None = None, **tags: str
) -> str:
    """Materialize assets in a run; return its id, whether or not it succeeded."""
    selected = [dg.AssetKey(key.split("/")) for key in keys]
    job = DEFINITIONS.resolve_implicit_job_def_def_for_assets(selected)
    assert job is not None
    result = job.get_subset(asset_selection=set(selected)).execute_in_process(
        instance=instance, raise_on_error=False, partition_key=partition, tags=tags
    )
    return result.run_id


def teller(instance: dg.DagsterInstance, **changed: Any) -> Teller:
    """Return what makes events of the small platform's log."""
    return Teller(Log(instance), ASSETS, NAMING, PARTITIONS, **changed)


class Receiver:
    """An HTTP server at OpenLineage's address that keeps what it has accepted."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.answers = 0
        self.status = 201
        self.refuses = ""  # text of events that it will never take
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(receiver.take(text))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 128  # of connections: some senders open many at once

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # its client was killed
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def take(self, text: bytes) -> int:
        with self._lock:
            self.answers += 1
            if self.status >= 300:
                return self.status
            if self.refuses and self.refuses.encode() in text:
                return 422
            self.events.append(json.loads(text))
            return 201

    @contextmanager
    def running(self) -> Iterator["Receiver"]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def of(self, job: str) -> list[dict[str, Any]]:
        """Return the run events of a job."""
        return [e for e in self.events if "run" in e and e["job"]["name"] == job]

    def config(self, kind: str = "http") -> dict[str, Any]:
        """Return the client's configuration for this receiver, without retries of its own."""
        retry = {"total": 0, "connect": 0, "read": 0}
        return {"transport": {"type": kind, "url": self.url, "retry": retry}}


def delivery(config: Mapping[str, Any], folder: Path) -> Delivery:
    """Return a delivery of this configuration; refused events are kept in the folder."""
    return Delivery(folder / "refused.ndjson", OpenLineageClient(config=dict(config)))


def tail(instance: dg.DagsterInstance, sending: Delivery, **changed: Any) -> Tail:
    """Return a tail of the small platform's log."""
    return Tail(instance, teller(instance, **changed), sending)
