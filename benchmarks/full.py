"""A full materialization of the sample company, against the same SQL run bare in DuckDB.

The bare run executes the compiled SQL of every model, in order, on the same raw tables, in one
plain DuckDB file: no loading, no dbt, no Dagster, no checks, no report, no lake. Between the two,
the platform's models and their tests alone, rebuilt from the loaded raw tables.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from benchmarks.measure import DATA, ROOT, python, repeat, show, tell

Node = dict[str, Any]


def run(days: int, events_per_day: int, times: int) -> None:
    """Measure all and print the table."""
    home = DATA / f"full-{days}-{events_per_day}"
    if not (home / "done").exists():
        environment = {**os.environ, "PLATFORM_DATA_DIR": str(home), "PYTHONPATH": str(ROOT)}
        size = ["--days", str(days), "--events-per-day", str(events_per_day)]
        sample = [*python("platform_assets.cli"), "sample", *size]
        subprocess.run(sample, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
        (home / "done").touch()
    me = "benchmarks.full"
    kept = {"PLATFORM_DATA_DIR": str(home / "kept")}
    everything = repeat(
        "platform: loads, models, tests, report", python(me, "everything", home), times, kept
    )
    models = repeat("platform: models and tests", python(me, "models", home), times, kept)
    bare = repeat("bare DuckDB: the models' SQL", python(me, "bare", home), times, kept)
    title = f"Full materialization: {days} days, {events_per_day:,} events a day; rows: web events"
    show(title, [everything, models, bare], bare)


def everything(home: Path, _: Path) -> None:
    """Materialize everything from the landed files, in a fresh data folder, which is kept."""
    kept = home / "kept"
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir()
    for name in ("landing", "sample"):
        os.symlink(home / name, kept / name)
    started = time.perf_counter()
    _materialize()
    if not (kept / "reports").exists():
        sys.exit(f"Nothing was reported; see the logs in {kept}.")
    tell(started, _events(kept))


def models(home: Path, _: Path) -> None:
    """Rebuild all models from what is loaded, and test them."""
    started = time.perf_counter()
    _materialize("kind:dbt", "--full-refresh")
    tell(started, _events(home / "kept"))


def _materialize(*arguments: str) -> None:
    """Run `platform-assets materialize`; a check that finds the sample's dirt is no failure."""
    command = [*python("platform_assets.cli"), "materialize", *arguments]
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)


def _events(data: Path) -> int:
    from resources.warehouse import Warehouse

    with Warehouse(f"ducklake:///{data}/warehouse").reading() as connection:
        found = connection.execute("SELECT count(*) FROM raw.web_events").fetchone()
    return int(found[0]) if found else 0


def bare(home: Path, folder: Path) -> None:
    """Run every model's compiled SQL in order, on copies of the raw tables in a DuckDB file."""
    from resources.warehouse import Warehouse, extensions

    target = home / "kept" / "dbt" / "target"
    manifest = json.loads((target / "manifest.json").read_text())
    nodes = {k: v for k, v in manifest["nodes"].items() if v["resource_type"] == "model"}
    connection = Warehouse(f"ducklake:///{home}/kept/warehouse").connect(read_only=True)
    extensions.load(connection, "icu")
    connection.execute(f"ATTACH '{folder}/bare.duckdb' AS bare")
    for schema in ("raw", "platform", "staging", "intermediate", "marts"):
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS bare.{schema}")
    built = {f"{node['schema']}.{node['alias']}" for node in nodes.values()}
    for schema, table in connection.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'lake'"
    ).fetchall():
        if f"{schema}.{table}" not in built:
            name = f'{schema}."{table}"'
            connection.execute(f"CREATE TABLE bare.{name} AS SELECT * FROM lake.{name}")
    statements = _statements(target / "compiled" / "platform", manifest["parent_map"], nodes)
    started = time.perf_counter()
    for statement in statements:
        connection.execute(statement)
    found = connection.execute("SELECT count(*) FROM bare.raw.web_events").fetchone()
    tell(started, found[0] if found else 0)


def _statements(compiled: Path, parents: dict[str, list[str]], nodes: dict[str, Node]) -> list[str]:
    """Return what creates each model, parents first."""
    order = TopologicalSorter({k: [p for p in parents[k] if p in nodes] for k in nodes})
    statements = []
    for unique_id in order.static_order():
        node = nodes[unique_id]
        sql = (compiled / node["original_file_path"]).read_text().replace('"lake".', '"bare".')
        kind = "VIEW" if node["config"]["materialized"] == "view" else "TABLE"
        statements.append(f'CREATE {kind} bare.{node["schema"]}."{node["alias"]}" AS {sql}')
    return statements


if __name__ == "__main__":
    contender = {"everything": everything, "models": models, "bare": bare}[sys.argv[1]]
    contender(Path(sys.argv[2]), Path(sys.argv[3]))
