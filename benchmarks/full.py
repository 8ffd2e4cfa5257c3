"""A full materialization of the sample company, against the same SQL run bare in DuckDB.

The bare run executes the compiled SQL of every model, in order, on the same raw tables, in one
plain DuckDB file: no dbt, no Dagster, no checks, no lake.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.measure import DATA, ROOT, python, repeat, show, tell

HOME = DATA / "full"


def run(times: int) -> None:
    """Measure both and print the table."""
    environment = {"PLATFORM_DATA_DIR": str(HOME), "PYTHONPATH": str(ROOT)}
    if not (HOME / "landing").exists():
        sample = [*python("platform_assets.cli"), "sample", "--days", "60"]
        subprocess.run(sample, cwd=ROOT, env={**os.environ, **environment}, check=True)
    me = "benchmarks.full"
    everything = repeat("platform: all assets, checks, report", python(me, "ours"), times)
    environment["PLATFORM_DATA_DIR"] = str(HOME / "kept")
    bare = repeat("bare DuckDB: the models' SQL alone", python(me, "bare", HOME / "kept"), times)
    show("Full materialization of the sample company", [everything, bare], bare)


def ours(folder: Path) -> None:
    """Materialize everything from the landed files, in a fresh data folder."""
    kept = HOME / "kept"
    subprocess.run(["rm", "-rf", str(kept)], check=True)
    kept.mkdir()
    for name in ("landing", "sample"):
        os.symlink(HOME / name, kept / name)
    started = time.perf_counter()
    subprocess.run(
        [*python("platform_assets.cli"), "materialize"],
        cwd=ROOT,
        env={**os.environ, "PLATFORM_DATA_DIR": str(kept)},
        stdout=subprocess.DEVNULL,
        check=False,
    )
    tell(started, _rows(kept))


def _rows(home: Path) -> int:
    from resources.warehouse import Warehouse

    with Warehouse(f"ducklake:///{home}/warehouse").reading() as connection:
        found = connection.execute("SELECT count(*) FROM raw.web_events").fetchone()
    return int(found[0]) if found else 0


def bare(home: Path, folder: Path) -> None:
    """Run every model's compiled SQL in order, on copies of the raw tables in a DuckDB file."""
    from resources.warehouse import Warehouse, extensions

    manifest = json.loads((home / "dbt" / "target" / "manifest.json").read_text())
    nodes = {k: v for k, v in manifest["nodes"].items() if v["resource_type"] in ("model", "seed")}
    connection = Warehouse(f"ducklake:///{home}/warehouse").connect(read_only=True)
    extensions.load(connection, "icu")
    connection.execute(f"ATTACH '{folder}/bare.duckdb' AS bare")
    for schema in ("raw", "platform", "staging", "intermediate", "marts"):
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS bare.{schema}")
    built = {f"{n['schema']}.{n['alias']}" for n in nodes.values() if n["resource_type"] == "model"}
    for schema, table in connection.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'lake'"
    ).fetchall():
        if f"{schema}.{table}" not in built:
            name = f'{schema}."{table}"'
            connection.execute(f"CREATE TABLE bare.{name} AS SELECT * FROM lake.{name}")
    statements = _statements(home, manifest, nodes)
    started = time.perf_counter()
    for statement in statements:
        connection.execute(statement)
    found = connection.execute("SELECT count(*) FROM bare.raw.web_events").fetchone()
    tell(started, found[0] if found else 0)


def _statements(
    home: Path, manifest: dict[str, object], nodes: dict[str, dict[str, object]]
) -> list[str]:
    from graphlib import TopologicalSorter

    parents = manifest["parent_map"]
    assert isinstance(parents, dict)
    order = TopologicalSorter({k: [p for p in parents[k] if p in nodes] for k in nodes})
    statements = []
    for unique_id in order.static_order():
        node = nodes[unique_id]
        if node["resource_type"] != "model":
            continue
        path = home / "dbt" / "target" / "compiled" / "platform" / str(node["original_file_path"])
        sql = path.read_text().replace('"lake".', '"bare".')
        kind = "VIEW" if node["config"]["materialized"] == "view" else "TABLE"  # type: ignore[index]
        statements.append(f'CREATE {kind} bare.{node["schema"]}."{node["alias"]}" AS {sql}')
    return statements


if __name__ == "__main__":
    if sys.argv[1] == "ours":
        ours(Path(sys.argv[2]))
    else:
        bare(Path(sys.argv[2]), Path(sys.argv[3]))
