"""OpenLineage events out: how many a second, and what sending them costs a materialization.

Assets have columns and lineage as a mart has them. The receiver is a process of its own on this
machine, which reads an event and answers; it costs some of what is measured.
"""

import multiprocessing
import os
import statistics
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.events import (
    DagsterEvent,
    DagsterEventBatchMetadata,
    StepMaterializationData,
)
from openlineage.client import OpenLineageClient
from rich.console import Console
from rich.table import Table

from benchmarks.measure import DATA
from platform_assets.lineage.model import Edge, Source, Statement, TableLineage
from platform_assets.lineage.openlineage.emit.delivery import Delivery
from platform_assets.lineage.openlineage.emit.described import describe
from platform_assets.lineage.openlineage.emit.log import Log
from platform_assets.lineage.openlineage.emit.runs import Teller
from platform_assets.lineage.openlineage.emit.tail import Position, Progress, Tail
from platform_assets.lineage.openlineage.naming import Naming
from tests.lineage.emitting import instance_at

ASSETS, COLUMNS = 200, 20
OF_A_RUN = 40  # materializations of the run whose time is taken
INTERVAL = 5.0  # seconds between two ticks of the sensor
NAMING = Naming("platform", "ducklake:///srv/lake", "", "/srv/lake/data", "/srv/reports", "/srv/in")
SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Sent:
    """What one transport took for the backlog."""

    events: int
    seconds: float
    processor: float  # seconds of this process


def run(backlog: int, times: int) -> None:
    """Print events per second, by transport, and the time of a run with and without the tail."""
    DATA.mkdir(parents=True, exist_ok=True)
    os.environ["DAGSTER_EVENT_BATCH_SIZE"] = "500"
    with tempfile.TemporaryDirectory(dir=DATA) as folder, _receiver() as url:
        place = Path(folder)
        transports: dict[str, dict[str, Any]] = {
            "http": {"type": "http", "url": url},
            "async_http": {"type": "async_http", "url": url},
            "file": {"type": "file", "append": True, "log_file_path": f"{folder}/events.ndjson"},
        }
        with instance_at(place / "log") as instance:
            _report(instance, backlog)
            found = {name: _send(instance, place, each) for name, each in transports.items()}
        alone, beside = _cost(place, transports["http"], times)
    _show(backlog, found, alone, beside)


def _send(instance: dg.DagsterInstance, folder: Path, transport: dict[str, Any]) -> Sent:
    Position().save(instance)
    started, used = time.perf_counter(), time.process_time()
    done = _tail(instance, folder, transport).turn(time.monotonic() + 3600)
    return Sent(done.sent, time.perf_counter() - started, time.process_time() - used)


def _tail(instance: dg.DagsterInstance, folder: Path, transport: dict[str, Any]) -> Tail:
    nodes = list(_definitions().get_repository_def().asset_graph.asset_nodes)
    assets = describe(nodes, NAMING, columns=_lineage, statements=_statements)
    client = OpenLineageClient(config={"transport": transport})
    delivery = Delivery(folder / "refused.ndjson", client)
    return Tail(instance, Teller(Log(instance), assets, NAMING, {}), delivery)


def _cost(folder: Path, transport: dict[str, Any], times: int) -> tuple[float, float]:
    """Return the seconds of a run alone, and while another process sends what it reports."""
    alone, beside = [], []
    for number in range(times + 1):
        with instance_at(folder / f"alone{number}") as instance:
            alone.append(_made(instance))
        place = folder / f"beside{number}"
        with instance_at(place) as instance:
            ready = SPAWN.Event()
            sender = SPAWN.Process(target=_send_on, args=(place, transport, ready), daemon=True)
            sender.start()
            ready.wait()
            beside.append(_made(instance))
            sender.kill()
            sender.join()
    return statistics.median(alone[1:]), statistics.median(beside[1:])


def _send_on(folder: Path, transport: dict[str, Any], ready: Any) -> None:
    """Send as the sensor does, for ever."""
    with instance_at(folder) as instance:
        tail = _tail(instance, folder, transport)
        while True:
            _tick(tail)
            ready.set()
            time.sleep(INTERVAL)


def _tick(tail: Tail) -> Progress:
    return tail.turn(time.monotonic() + 20)


def _made(instance: dg.DagsterInstance) -> float:
    """Return the seconds in which a run makes its assets, each of which works for a moment."""

    def asset(number: int) -> dg.AssetsDefinition:
        @dg.asset(key=["marts", f"t{number}"], metadata={"dagster/table_name": f"marts.t{number}"})
        def made() -> dg.MaterializeResult[None]:
            until = time.perf_counter() + 0.1
            while time.perf_counter() < until:
                pass
            return dg.MaterializeResult(metadata={"dagster/row_count": 1})

        return made

    assets = [asset(number) for number in range(OF_A_RUN)]
    started = time.perf_counter()
    dg.materialize(assets, instance=instance)
    return time.perf_counter() - started


def _definitions() -> dg.Definitions:
    return dg.Definitions(
        assets=[
            dg.AssetSpec(
                ["marts", f"t{number}"],
                deps=[["marts", f"t{number - 1}"]] if number else [],
                owners=["team:data"],
                description="One row per order, from 2024 on.",
                metadata={
                    "dagster/table_name": f"lake.marts.t{number}",
                    "dagster/column_schema": _schema(),
                },
            )
            for number in range(ASSETS)
        ]
    )


def _schema() -> dg.TableSchema:
    columns = (dg.TableColumn(f"c{n}", "varchar", "What it means.") for n in range(COLUMNS))
    return dg.TableSchema(list(columns))


def _lineage(_nodes: Any) -> dict[str, TableLineage]:
    def edges(table: str, column: int) -> tuple[Edge, ...]:
        return (
            Edge(Source(table, f"c{column}"), "DIRECT", "AGGREGATION", f"sum(c{column})"),
            Edge(Source(table, "c0"), "INDIRECT", "GROUP_BY", "c0"),
        )

    return {
        f"marts/t{n}": TableLineage(
            f"marts/t{n}",
            f"marts.t{n}",
            {f"c{c}": edges(f"marts.t{n - 1}", c) for c in range(COLUMNS)},
        )
        for n in range(1, ASSETS)
    }


def _statements(_nodes: Any) -> list[Statement]:
    query = "SELECT " + ", ".join(f"sum(c{c}) AS c{c}" for c in range(COLUMNS)) + " FROM t"
    return [Statement(f"marts/t{n}", f"marts.t{n}", query) for n in range(ASSETS)]


def _report(instance: dg.DagsterInstance, count: int) -> None:
    """Report so many materializations, in runs of every asset."""
    for first in range(0, count, ASSETS):
        run_id, batch, last = str(uuid.uuid4()), str(uuid.uuid4()), min(ASSETS, count - first) - 1
        instance.add_run(dg.DagsterRun(job_name="nightly", run_id=run_id))
        for number in range(last + 1):
            made = dg.AssetMaterialization(
                ["marts", f"t{number}"],
                metadata={"dagster/row_count": 1000, "dagster/column_schema": _schema()},
            )
            event = DagsterEvent(
                "ASSET_MATERIALIZATION",
                "nightly",
                step_key=f"t{number}",
                event_specific_data=StepMaterializationData(made, []),
            )
            mark = DagsterEventBatchMetadata(batch, number == last)
            instance.report_dagster_event(event, run_id, batch_metadata=mark)


@contextmanager
def _receiver() -> Iterator[str]:
    here, there = SPAWN.Pipe()
    server = SPAWN.Process(target=_receive, args=(there,), daemon=True)
    server.start()
    yield f"http://127.0.0.1:{here.recv()}"
    server.kill()
    server.join()


def _receive(told: Any) -> None:
    server = _Server(("127.0.0.1", 0), _Answer)
    told.send(server.server_port)
    server.serve_forever()


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # of connections: `async_http` opens many at once


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Read an event, and say that it is accepted."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _show(backlog: int, found: dict[str, Sent], alone: float, beside: float) -> None:
    title = f"OpenLineage events of {backlog:,} materializations and a catalog of {ASSETS} assets"
    table = Table(title=title, title_justify="left")
    for column in ("transport", "events", "seconds", "events/s", "ms of processor an event"):
        table.add_column(column, justify="left" if column == "transport" else "right")
    for name, sent in found.items():
        cells = (f"{sent.events:,}", f"{sent.seconds:.1f}", f"{sent.events / sent.seconds:,.0f}")
        table.add_row(name, *cells, f"{1000 * sent.processor / sent.events:.2f}")
    console = Console(width=110)
    console.print(table)
    more = 1000 * (beside - alone) / OF_A_RUN
    console.print(
        f"A run of {OF_A_RUN} materializations: {alone:.2f} s alone, {beside:.2f} s while its "
        f"events are sent; {more:+.1f} ms a materialization, {100 * (beside / alone - 1):+.1f} %."
    )
