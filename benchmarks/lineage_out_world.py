"""Two hundred assets whose events are sent, runs of theirs, and a receiver that takes events.

What belongs here: what `benchmarks.lineage_out` sends and to whom. What does not: what is measured.
"""

import multiprocessing
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import dagster as dg
import psutil
from dagster._core.events import (
    DagsterEvent,
    DagsterEventBatchMetadata,
    StepMaterializationData,
)
from dagster._core.execution.plan.objects import StepSuccessData

from platform_assets.lineage.model import Edge, Source, Statement, TableLineage

ASSETS, COLUMNS = 200, 20
SPAWN = multiprocessing.get_context("spawn")


def definitions() -> dg.Definitions:
    """Return assets, each made from the one before."""
    return dg.Definitions(
        assets=[
            dg.AssetSpec(
                ["marts", f"t{number}"],
                deps=[["marts", f"t{number - 1}"]] if number else [],
                owners=["team:data"],
                description="One row per order, from 2024 on.",
                metadata={
                    "dagster/table_name": f"lake.marts.t{number}",
                    "dagster/column_schema": schema(),
                },
            )
            for number in range(ASSETS)
        ]
    )


def schema() -> dg.TableSchema:
    """Return the columns of each asset."""
    columns = (dg.TableColumn(f"c{n}", "varchar", "What it means.") for n in range(COLUMNS))
    return dg.TableSchema(list(columns))


def lineage(_nodes: Any) -> dict[str, TableLineage]:
    """Return what the columns of each asset rest on."""

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


def statements(_nodes: Any) -> list[Statement]:
    """Return the SQL that makes each asset."""
    query = "SELECT " + ", ".join(f"sum(c{c}) AS c{c}" for c in range(COLUMNS)) + " FROM t"
    return [Statement(f"marts/t{n}", f"marts.t{n}", query) for n in range(ASSETS)]


def report(instance: dg.DagsterInstance, count: int) -> None:
    """Report so many materializations, in runs of every asset, as steps report theirs."""
    for first in range(0, count, ASSETS):
        run_id, batch, last = str(uuid.uuid4()), str(uuid.uuid4()), min(ASSETS, count - first) - 1
        instance.add_run(dg.DagsterRun(job_name="nightly", run_id=run_id))
        for number in range(last + 1):
            made = dg.AssetMaterialization(
                ["marts", f"t{number}"],
                metadata={"dagster/row_count": 1000, "dagster/column_schema": schema()},
            )
            for kind, data in (
                ("STEP_START", None),
                ("ASSET_MATERIALIZATION", StepMaterializationData(made, [])),
                ("STEP_SUCCESS", StepSuccessData(100.0)),
            ):
                event = DagsterEvent(
                    kind, "nightly", step_key=f"t{number}", event_specific_data=data
                )
                mark = DagsterEventBatchMetadata(batch, number == last and kind == "STEP_SUCCESS")
                instance.report_dagster_event(event, run_id, batch_metadata=mark)


@contextmanager
def receiver() -> Iterator[tuple[str, psutil.Process]]:
    """Run a receiver in a process of its own; yield its address and the process."""
    here, there = SPAWN.Pipe()
    server = SPAWN.Process(target=_receive, args=(there,), daemon=True)
    server.start()
    yield f"http://127.0.0.1:{here.recv()}", psutil.Process(server.pid)
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
