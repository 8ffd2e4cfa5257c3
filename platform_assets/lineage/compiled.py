"""The SQL of dbt's models, as dbt compiles it for a build from scratch.

Of an incremental model this is the form that reads all of its inputs: what an increment adds to it
reads the model's own table, and names loads by number, so that it differs with every run.

dbt compiles in a process of its own: it takes seconds and much memory, and a server that asks for
lineage has neither to spare. What it wrote is kept for as long as no file of the project changes.
"""

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from platform_assets.server.processes import die_with_parent
from resources.dbt import DbtProject
from resources.errors import PlatformError
from resources.settings import PROJECT_ROOT, settings
from resources.warehouse.lock import write_lock

FILE = "compiled.json"
SELECT = ("resource_type:model", "resource_type:snapshot", "resource_type:seed")
KEPT = (  # of a node of dbt's manifest
    "unique_id", "resource_type", "name", "alias", "schema", "language", "original_file_path",
    "columns", "config", "meta", "identifier",
)  # fmt: skip
TRY_AGAIN = 300  # seconds after which a failure is no reason any more
LONGEST = 600  # seconds that dbt may take


@dataclass(frozen=True)
class Compiled:
    """A dbt project, as it is now.

    Attributes:
        state: tells one state of its files from another.
        dialect: of the SQL, in sqlglot's names.
        nodes: models, seeds and snapshots by unique id: what `KEPT` names of dbt's node, `sql`, the
            unique ids it `depends_on`, `unique` sets of columns, and `problem`, why it has no SQL.
        sources: `schema.name` of every source by unique id.
    """

    state: str
    dialect: str
    nodes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)


def compiled(project: DbtProject) -> Compiled:
    """Return the project's SQL; dbt compiles it if a file has changed since it last did.

    Raises:
        PlatformError: the project does not parse, with dbt's words.
    """
    file = _folder(project) / FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    state = state_of(project)
    with write_lock(file.parent / "compile.lock").held():
        found = read(project)
        if found is not None and found.state == state:
            return found
        _refuse_again(file.with_suffix(".failed"), state)
        try:
            _compile(project, state)
        except PlatformError as error:
            file.with_suffix(".failed").write_text(f"{state}\n{error}")
            raise
        found = read(project)
    if found is None:
        raise PlatformError(f"dbt compiled the project in {project.folder}, and left nothing.")
    return found


def _refuse_again(failed: Path, state: str) -> None:
    """Raise what dbt said a short time ago of the same files: who asks, asks every few seconds."""
    try:
        known, _, told = failed.read_text().partition("\n")
        fresh = time.time() - failed.stat().st_mtime < TRY_AGAIN
    except OSError:
        return
    if known == state and fresh:
        raise PlatformError(told)


def read(project: DbtProject) -> Compiled | None:
    """Return what dbt compiled last, whether or not it is what it would compile now."""
    try:
        return Compiled(**orjson.loads((_folder(project) / FILE).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def state_of(project: DbtProject) -> str:
    """Return what tells one state of the project's files, and of its target, from another."""
    told = f"{project.files()}\n{settings().spark_url != ''}\n{sys.version}"
    return hashlib.sha256(told.encode()).hexdigest()


def _folder(project: DbtProject) -> Path:
    return project.target.parent / "compiled"


def _compile(project: DbtProject, state: str) -> None:
    command = [sys.executable, "-m", __name__, str(project.folder), str(project.target), state]
    try:
        done = subprocess.run(
            command, cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=LONGEST, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise PlatformError(f"dbt did not compile the project in {LONGEST} s.") from error
    if done.returncode != 0:
        told = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise PlatformError(
            "dbt does not compile the project:\n" + "\n".join(told[-20:]),
            hint="`platform-assets dbt compile --full-refresh` says the same at more length.",
        )


def main(folder: str, target: str, state: str) -> None:
    """Compile the project and write what `Compiled` holds; in a process of its own."""
    die_with_parent()  # or it would compile on beside the next start of the platform
    os.nice(10)  # nobody waits for it
    project = DbtProject(Path(folder), Path(target))
    nodes = project.compile(SELECT, _folder(project) / "target")
    manifest = nodes.pop("manifest")
    found = Compiled(
        state,
        "spark" if settings().spark_url else "duckdb",
        {unique_id: _node(node, manifest) for unique_id, node in nodes.items()},
        {
            unique_id: f"{source['schema']}.{source.get('identifier') or source['name']}".lower()
            for unique_id, source in manifest["sources"].items()
        },
    )
    file = _folder(project) / FILE
    written = file.with_suffix(".part")
    written.write_bytes(orjson.dumps(found, option=orjson.OPT_NON_STR_KEYS, default=str))
    written.replace(file)


def _node(node: Mapping[str, Any], manifest: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: node.get(name) for name in KEPT}
    tests = (
        manifest["nodes"][child]
        for child in manifest["child_map"].get(node["unique_id"], ())
        if child.startswith("test.")
    )
    return {
        **kept,
        "sql": node.get("compiled_code") or "",
        "depends_on": list((node.get("depends_on") or {}).get("nodes") or ()),
        "unique": [key for test in tests if (key := _key(test))],
        "problem": node.get("problem") or "",
    }


def _key(test: Mapping[str, Any]) -> list[str]:
    """Return the columns that a test says are unique together; [] for any other test."""
    told = test.get("test_metadata") or {}
    arguments = told.get("kwargs") or {}
    if (test.get("config") or {}).get("where") not in (None, "") and not _looks_at_news(test):
        return []
    if told.get("name") == "unique" and str(arguments.get("column_name", "")).isidentifier():
        return [arguments["column_name"]]
    if told.get("name") in ("unique_together", "unique_combination_of_columns"):
        return list(arguments.get("columns") or arguments.get("combination_of_columns") or ())
    return []


def _looks_at_news(test: Mapping[str, Any]) -> bool:
    """Whether a test is narrowed to the days that changed, and so holds for all of them."""
    return str(test["config"]["where"]).startswith("__touched__")


if __name__ == "__main__":
    main(*sys.argv[1:4])
