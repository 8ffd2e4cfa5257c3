"""Column lineage as Dagster's metadata: `dagster/column_lineage` of a materialization.

Lineage is traced off the path of a run; what was traced last is kept in a file, and a model that
was built looks its own up there, which takes less than a millisecond. Lineage of another state of
the project than the one that was built is not told.

What belongs here: Dagster's words, and that file. What does not: tracing (`project`).
"""

import contextlib
import hashlib
import logging
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path

import dagster as dg
import orjson

from platform_assets.lineage.model import DIRECT, Edge, TableLineage
from resources.settings import settings

FILE = "metadata.sqlite"
KEY = "dagster/column_lineage"
Deps = dict[str, list[tuple[str, str]]]  # asset key and column, by column


def cache_folder() -> Path:
    """Return the folder in which lineage is kept."""
    return settings().data / "lineage"


def of_dagster(lineage: TableLineage, keys: Mapping[str, str]) -> dg.TableColumnLineage:
    """Return lineage in Dagster's words, which know columns of assets and no kinds of edges.

    A column has its direct edges; one that has none, a CASE of constants, has those that decide
    over it alone.

    Args:
        keys: asset keys by table.
    """
    return _of_deps(_deps(lineage, keys))


def keep(folder: Path, state: str, lineage: Iterable[TableLineage]) -> None:
    """Keep the lineage of the project in one state, for materializations of that state."""
    every = list(lineage)
    columns = [(one.key, one.table, list(one.columns)) for one in every]  # what lineage rests on
    content = hashlib.sha256(repr((state, columns)).encode()).hexdigest()
    if _kept_content(folder) == content:
        return
    keys = {one.table: one.key for one in every if one.table}
    rows = [
        (one.key, orjson.dumps(_deps(one, keys))) for one in every if one.table and not one.problem
    ]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(folder / FILE, timeout=10)) as file, file:
            file.execute("CREATE TABLE IF NOT EXISTS lineage (key TEXT PRIMARY KEY, deps BLOB)")
            file.execute("CREATE TABLE IF NOT EXISTS state (state TEXT, content TEXT)")
            file.execute("DELETE FROM lineage")
            file.execute("DELETE FROM state")
            file.executemany("INSERT INTO lineage VALUES (?, ?)", rows)
            file.execute("INSERT INTO state VALUES (?, ?)", (state, content))
    except (OSError, sqlite3.Error):
        logging.getLogger(__name__).warning("Column lineage is not kept.", exc_info=True)


def _kept_content(folder: Path) -> str:
    try:
        with contextlib.closing(_reading(folder)) as file:
            row = file.execute("SELECT content FROM state").fetchone()
    except sqlite3.Error:
        return ""
    return str(row[0]) if row else ""


def column_lineage(folder: Path, state: str, key: str) -> dg.TableColumnLineage | None:
    """Return an asset's kept lineage; None if there is none of this state of the project."""
    try:
        with contextlib.closing(_reading(folder)) as file:
            row = file.execute(
                "SELECT deps FROM lineage WHERE key = ? AND EXISTS "
                "(SELECT 1 FROM state WHERE state = ?)",
                (key, state),
            ).fetchone()
        return _of_deps(orjson.loads(row[0])) if row else None
    except (sqlite3.Error, ValueError):
        return None


def _reading(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{folder / FILE}?mode=ro", uri=True, timeout=1)


def _deps(lineage: TableLineage, keys: Mapping[str, str]) -> Deps:
    found: Deps = {}
    for column, edges in lineage.columns.items():
        direct = [edge for edge in edges if edge.kind == DIRECT]
        told = dict.fromkeys(_named(edge, keys) for edge in direct or edges if edge.source.column)
        found[column] = [one for one in told if one[0]]
    return found


def _named(edge: Edge, keys: Mapping[str, str]) -> tuple[str, str]:
    return keys.get(edge.source.table, ""), edge.source.column


def _of_deps(deps: Mapping[str, Iterable[Iterable[str]]]) -> dg.TableColumnLineage:
    return dg.TableColumnLineage(
        {
            column: [
                dg.TableColumnDep(asset_key=dg.AssetKey(key.split("/")), column_name=name)
                for key, name in sources
            ]
            for column, sources in deps.items()
        }
    )
