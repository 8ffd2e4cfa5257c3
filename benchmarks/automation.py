"""What automation costs per asset: one look at all conditions, one look at all sources, a code
location's start and memory.

Assets are made up, in the layers of a warehouse; the conditions and the looking are the platform's.
Each size is measured in a process of its own. A look is told in processor time: it waits for
nothing but a small SQLite file.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.measure import DATA, MEBIBYTE, ROOT, python

LAYERS = {"raw": 0.1, "staging": 0.2, "intermediate": 0.2, "marts": 0.4, "report": 0.1}
FILES = 10  # of each source, all known to the ledger
FIGURES = {
    "load": "code location: from import to assets, s",
    "memory": "its memory beyond an empty one, MiB",
    "first": "first look at all conditions, s",
    "look": "a look that finds nothing, s",
    "news": "a look after one source was updated, s",
    "sources": "sources",
    "watch": "one look at all sources, s",
}


def run(sizes: Sequence[int], times: int) -> None:
    """Measure each size and print the table."""
    DATA.mkdir(parents=True, exist_ok=True)
    found = {size: _measured(size, times) for size in sizes}
    table = Table(title="Automation, by assets", title_justify="left")
    table.add_column("")
    for size in sizes:
        table.add_column(f"{size:,}", justify="right")
    for key, name in FIGURES.items():
        table.add_row(name, *(f"{found[size][key]:,.4g}" for size in sizes))
    for key in ("load", "memory", "look"):
        unit = "KiB" if key == "memory" else "ms"
        scale = 1024 if key == "memory" else 1000
        name = f"{FIGURES[key].rpartition(',')[0]}: {unit} an asset"
        table.add_row(name, *(f"{scale * found[size][key] / size:,.3g}" for size in sizes))
    Console(width=110).print(table)


def _measured(size: int, times: int) -> dict[str, float]:
    told = []
    for _ in range(times):
        with tempfile.TemporaryDirectory(dir=DATA) as folder:
            environment = {**os.environ, "PLATFORM_DATA_DIR": folder, "PYTHONPATH": str(ROOT)}
            command = python("benchmarks.automation", size, folder)
            done = subprocess.run(
                command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True
            )
            told.append(json.loads(done.stdout.strip().splitlines()[-1]))
    return {key: statistics.median(each[key] for each in told) for key in told[0]}


def world(size: int) -> dg.Definitions:
    """Return so many assets in layers, each of up to three of the layers before."""
    from platform_assets.automation import safety_net

    chance, condition = random.Random(size), safety_net()
    above: list[dg.AssetKey] = []
    assets: list[dg.AssetsDefinition] = []
    for layer, share in LAYERS.items():
        keys = []
        for number in range(round(size * share)):
            key = dg.AssetKey([layer, f"table_{number}"])
            deps = chance.sample(above, min(3, len(above)))
            assets.append(_asset(key, deps, condition if deps else None))
            keys.append(key)
        above += keys
    return dg.Definitions(assets=assets)


def _asset(
    key: dg.AssetKey,
    deps: Sequence[dg.AssetKey],
    condition: dg.AutomationCondition[dg.AssetKey] | None,
) -> dg.AssetsDefinition:
    columns = [dg.TableColumn(f"column_{n}", "bigint", description="What it is.") for n in range(8)]

    @dg.asset(
        key=key,
        deps=deps,
        automation_condition=condition,
        description="One row per something, from some day on.",
        owners=["team:data"],
        group_name="web",
        metadata={"dagster/column_schema": dg.TableSchema(columns)},
    )
    def made() -> None:
        """Nothing is made here."""

    return made


def measure(size: int, folder: Path) -> None:
    """Measure one size in this process; print the figures as JSON."""
    import platform_assets.automation  # noqa: F401 (its import is not the assets' cost)

    before = _resident()
    started = time.process_time()
    defs = world(size)
    graph = defs.resolve_asset_graph()
    defs.get_repository_def()
    told: dict[str, float] = {"load": time.process_time() - started}
    told["memory"] = _resident() - before
    (folder / "dagster.yaml").touch()
    with dg.DagsterInstance.local_temp(str(folder)) as instance:
        told |= _looks(defs, graph, instance)
    told |= _watching(max(size // 10, 1), folder)
    print(json.dumps(told))


def _looks(defs: dg.Definitions, graph: Any, instance: dg.DagsterInstance) -> dict[str, float]:
    with warnings.catch_warnings(action="ignore"):
        return _timed_looks(defs, graph, instance)


def _timed_looks(
    defs: dg.Definitions, graph: Any, instance: dg.DagsterInstance
) -> dict[str, float]:
    for key in graph.get_all_asset_keys():
        instance.report_runless_asset_event(dg.AssetMaterialization(key))

    def look(cursor: Any) -> tuple[float, Any]:
        started = time.process_time()
        found = dg.evaluate_automation_conditions(defs, instance, cursor=cursor)
        return time.process_time() - started, found.cursor

    first, cursor = look(None)
    quiet, cursor = look(cursor)
    instance.report_runless_asset_event(dg.AssetMaterialization(["raw", "table_0"]))
    news, _ = look(cursor)
    return {"first": first, "look": quiet, "news": news}


def _watching(count: int, folder: Path) -> dict[str, float]:
    """Return the seconds of one look at sources whose files are all known."""
    from platform_assets.ingestion.declaration import FileDeclaration, FileFormat
    from platform_assets.watching import Attempts, WatchedFiles, watch
    from resources.landing import Landing
    from resources.warehouse import Warehouse

    landing, warehouse = folder / "landing", Warehouse.from_settings()
    rows = []
    for number in range(count):
        (landing / f"source_{number}").mkdir(parents=True)
        for file in range(FILES):
            path = landing / f"source_{number}" / f"{file}.ndjson"
            path.write_text("{}\n")
            told = path.stat()
            moment = datetime.fromtimestamp(told.st_mtime, UTC)
            rows.append((number, str(path.relative_to(landing)), told.st_size, moment))
    _put_into_ledger(warehouse, rows)
    sources = [
        WatchedFiles(
            dg.AssetKey(["raw", f"source_{number}"]),
            FileDeclaration(
                name=f"source_{number}",
                glob=f"source_{number}/*.ndjson",
                format=FileFormat(type="ndjson"),
                columns=(),
            ),
            warehouse,
            Landing(str(landing)),
        )
        for number in range(count)
    ]
    with dg.DagsterInstance.ephemeral() as instance:
        watch(sources, instance, Attempts(), 0)  # what a process reads of the ledger once
        started = time.process_time()
        due, troubles = watch(sources, instance, Attempts(), 0)
    assert not due and not troubles, (due, troubles)
    return {"sources": count, "watch": time.process_time() - started}


def _put_into_ledger(warehouse: Any, rows: Sequence[tuple[int, str, int, datetime]]) -> None:
    import pyarrow as pa

    table = pa.Table.from_pylist(
        [
            {
                "load_id": number + 1,
                "source": f"source_{number}",
                "kind": "file",
                "file": path,
                "sha256": path,
                "bytes": size,
                "modified_at": moment,
                "status": "loaded",
            }
            for number, path, size, moment in rows
        ]
    )
    with warehouse.write() as connection:
        connection.register("rows", table)
        connection.execute("INSERT INTO lake.platform.ledger BY NAME SELECT * FROM rows")
        connection.unregister("rows")


def _resident() -> float:
    return float(psutil.Process().memory_info().rss) / MEBIBYTE


if __name__ == "__main__":
    measure(int(sys.argv[1]), Path(sys.argv[2]))
