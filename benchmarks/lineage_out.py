"""OpenLineage events out: how many a second, and what sending them costs a materialization.

Assets have columns and lineage as a mart has them. The receiver is a process of its own on this
machine, which reads an event and answers: what it costs is told beside what the sender costs.
"""

import gc
import os
import statistics
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import psutil
from openlineage.client import OpenLineageClient
from rich.console import Console
from rich.table import Table

from benchmarks import lineage_out_world as world
from benchmarks.lineage_out_world import ASSETS, SPAWN
from benchmarks.measure import DATA
from platform_assets.lineage.openlineage.emit import static
from platform_assets.lineage.openlineage.emit.delivery import Delivery
from platform_assets.lineage.openlineage.emit.described import Described, describe
from platform_assets.lineage.openlineage.emit.live import Live
from platform_assets.lineage.openlineage.emit.log import Log, Runs
from platform_assets.lineage.openlineage.emit.runs import Teller
from platform_assets.lineage.openlineage.emit.tail import Tail
from platform_assets.lineage.openlineage.naming import Naming
from tests.lineage.emitting import instance_at

OF_A_RUN = 100  # materializations of the run whose time is taken
WORK = 0.1  # seconds of processor time of each
INTERVAL = 5.0  # seconds between two ticks of the sensor
NAMING = Naming("platform", "ducklake:///srv/lake", "", "/srv/lake/data", "/srv/reports", "/srv/in")


@dataclass(frozen=True)
class Sent:
    """What one transport took for the backlog."""

    events: int
    seconds: float
    processor: float  # seconds of this process


@dataclass(frozen=True)
class Cost:
    """What one run took, whose events are sent while it goes on, and what it takes alone.

    Attributes:
        alone: seconds of the run.
        beside: the same, while its events are sent.
        sender: seconds of processor time of the process that sends.
        receiver: of the one that takes them.
    """

    alone: float
    beside: float
    sender: float
    receiver: float


class Sending:
    """What the sensor keeps from one tick to the next."""

    def __init__(self, folder: Path, transport: Mapping[str, Any]) -> None:
        nodes = list(world.definitions().get_repository_def().asset_graph.asset_nodes)
        self._assets: dict[str, Described] = describe(
            nodes, NAMING, columns=world.lineage, statements=world.statements
        )
        client = OpenLineageClient(config={"transport": dict(transport)})
        self._delivery = Delivery(folder / "refused.ndjson", client)
        self._digest = static.digest(self._assets, NAMING)
        self._runs, self._live = Runs(), Live()
        gc.collect()
        gc.freeze()  # as the code server does

    def tick(self, instance: dg.DagsterInstance, seconds: float = 20) -> int:
        """Send what there is; return how many events that were."""
        teller = Teller(Log(instance, self._runs), self._assets, NAMING, {})
        tail = Tail(instance, teller, self._delivery, self._digest, self._live)
        return tail.turn(time.monotonic() + seconds).sent


def run(backlog: int, times: int) -> None:
    """Print events per second, by transport, and the time of a run with and without the tail."""
    DATA.mkdir(parents=True, exist_ok=True)
    os.environ["DAGSTER_EVENT_BATCH_SIZE"] = "500"
    with tempfile.TemporaryDirectory(dir=DATA) as folder, world.receiver() as (url, receiver):
        place = Path(folder)
        transports: dict[str, dict[str, Any]] = {
            "http": {"type": "http", "url": url},
            "async_http": {"type": "async_http", "url": url},
            "file": {"type": "file", "append": True, "log_file_path": f"{folder}/events.ndjson"},
        }
        found = {name: _send(place / name, each, backlog) for name, each in transports.items()}
        http = transports["http"]
        costs = [_cost(place / f"run{n}", http, receiver) for n in range(times + 1)][1:]
    _show(backlog, found, costs)


def _send(folder: Path, transport: Mapping[str, Any], backlog: int) -> Sent:
    """Send the catalog, and then, measured, a backlog."""
    with instance_at(folder) as instance:
        sending = Sending(folder, transport)
        sending.tick(instance)
        world.report(instance, backlog)
        started, used = time.perf_counter(), time.process_time()
        sent = sending.tick(instance, 3600)
        return Sent(sent, time.perf_counter() - started, time.process_time() - used)


def _cost(folder: Path, transport: Mapping[str, Any], receiver: psutil.Process) -> Cost:
    """Run alone, and while another process sends what is reported."""
    folder.mkdir()
    with instance_at(folder / "alone") as instance:
        alone = _made(instance)
    with instance_at(folder / "beside") as instance:
        here, there = SPAWN.Pipe()
        sender = SPAWN.Process(
            target=_send_on, args=(folder / "beside", transport, there), daemon=True
        )
        sender.start()
        here.recv()  # the catalog is told
        processes = psutil.Process(sender.pid), receiver
        before = [_processor(each) for each in processes]
        beside = _made(instance)
        here.send("stop")
        assert here.recv() >= 2 * OF_A_RUN
        used = [_processor(each) - was for each, was in zip(processes, before, strict=True)]
        sender.join()
    return Cost(alone, beside, *used)


def _processor(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _send_on(folder: Path, transport: Mapping[str, Any], told: Any) -> None:
    """Send as the sensor does, until somebody says stop; tell the number of events."""
    with instance_at(folder) as instance:
        sending = Sending(folder, transport)
        world.report(instance, ASSETS)
        sending.tick(instance)  # of the catalog, and of each asset once, as every day before
        told.send("ready")
        sent = 0
        while not told.poll(INTERVAL):
            sent += sending.tick(instance)
        told.send(sent + sending.tick(instance))


def _made(instance: dg.DagsterInstance) -> float:
    """Return the seconds in which a run makes its assets."""

    def work() -> dg.MaterializeResult[None]:
        until = time.process_time() + WORK
        while time.process_time() < until:
            pass
        return dg.MaterializeResult(
            metadata={"dagster/row_count": 1, "dagster/column_schema": world.schema()}
        )

    def asset(number: int) -> dg.AssetsDefinition:
        table = {"dagster/table_name": f"marts.t{number}"}
        return dg.asset(key=["marts", f"t{number}"], metadata=table)(work)

    assets = [asset(number) for number in range(OF_A_RUN)]
    started = time.perf_counter()
    quiet = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}
    dg.materialize(assets, instance=instance, run_config=quiet)
    return time.perf_counter() - started


def _show(backlog: int, found: dict[str, Sent], costs: list[Cost]) -> None:
    title = f"OpenLineage events of {backlog:,} materializations, of {ASSETS} assets"
    table = Table(title=title, title_justify="left")
    processor = ("ms of processor an event", "a materialization")
    for column in ("transport", "events", "seconds", "events/s", *processor):
        table.add_column(column, justify="left" if column == "transport" else "right")
    for name, sent in found.items():
        cells = (f"{sent.events:,}", f"{sent.seconds:.1f}", f"{sent.events / sent.seconds:,.0f}")
        each = (f"{1000 * sent.processor / of:.2f}" for of in (sent.events, backlog))
        table.add_row(name, *cells, *each)
    console = Console(width=110)
    console.print(table)
    alone, beside, sender, receiver = (
        1000 * statistics.median(getattr(cost, name) for cost in costs) / OF_A_RUN
        for name in ("alone", "beside", "sender", "receiver")
    )
    console.print(
        f"A materialization of {alone:.0f} ms, in a run of {OF_A_RUN}: to send its events takes "
        f"{sender:.2f} ms of processor time, {sender / alone:.1%} of it, and the receiver "
        f"{receiver:.2f} ms. The run takes {beside - alone:+.1f} ms longer for each, "
        f"{beside / alone - 1:+.1%}."
    )
