"""Making the state of a project: of a commit, taken out of git, and of the files as they lie there.

Each is read by this platform's own code, in a process of its own whose declarations and dbt project
are those of the state, with a warehouse of its own that is empty: nothing of the data is touched,
and a state can be read where there is no data at all.

What belongs here: git, folders, processes. What does not: comparing (`compare`).
"""

import contextlib
import importlib
import importlib.util
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from platform_assets.catalog.impact.state import Described, State, Thing, dump, load
from resources.errors import PlatformError
from resources.settings import PROJECT_ROOT, settings

LONGEST = 900.0  # seconds that reading a state may take
PARSED = "partial_parse.msgpack"  # dbt's own
TOLD = 12  # lines of what went wrong


def both(base: str) -> tuple[State, State]:
    """Return the state at a git ref, and that of the files as they are.

    Raises:
        PlatformError: there is no git, no such ref, or a state that can't be read.
    """
    commit = _commit(base)
    raw = _raw_columns()
    with _folder() as work, ThreadPoolExecutor(2) as pool:
        tree = work / "tree"
        _take_out(commit, tree)
        before = pool.submit(_read, tree, work / "before", raw, f"{base} ({commit[:10]})")
        after = pool.submit(_read, PROJECT_ROOT, work / "after", raw, "the working tree")
        return before.result(), after.result()


def _commit(ref: str) -> str:
    """Return the commit of a ref; of a branch's name, that of the remote where it is not here."""
    if shutil.which("git") is None:
        raise PlatformError(
            "There is no git on this machine.", hint="Install it: the base is read from it."
        )
    if _git("rev-parse", "--is-inside-work-tree") != "true":
        raise PlatformError(
            f"{PROJECT_ROOT} is no git repository, so there is no base to compare with.",
            hint="Run it in a clone.",
        )
    for name in (ref, f"origin/{ref}"):
        found = "" if ref.startswith("-") else _git("rev-parse", "--verify", f"{name}^{{commit}}")
        if found:
            return found
    raise PlatformError(
        f"There is no commit `{ref}` here.",
        hint="Name a branch, a tag or a commit. In CI, fetch it first: git fetch origin main",
    )


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else ""


def _take_out(commit: str, tree: Path) -> None:
    """Write the declarations and the dbt project of a commit into a folder."""
    inside = [
        str(_inside(place)) for place in (_declarations(), settings().path(settings().dbt_dir))
    ]
    prefix = _git("rev-parse", "--show-prefix")
    there = [p for p in inside if _git("cat-file", "-t", f"{commit}:{prefix}{p}") == "tree"]
    missing = sorted(set(inside) - set(there))
    if missing:
        raise PlatformError(
            f"At {commit[:10]} there is no {' and no '.join(missing)}, so nothing to compare with.",
            hint="Name a commit at which the project stood where it stands now.",
        )
    done = subprocess.run(
        ["git", "archive", "--format=tar", commit, "--", *there],
        cwd=PROJECT_ROOT,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        raise PlatformError(f"git does not give {commit[:10]}: {done.stderr.decode()[-400:]}")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(tree, filter="data")


def _inside(place: Path) -> Path:
    if not place.resolve().is_relative_to(PROJECT_ROOT):
        raise PlatformError(
            f"{place} lies outside of {PROJECT_ROOT}: what it was before is not known.",
            hint="Keep declarations and dbt project in the repository of the platform.",
        )
    return place.resolve().relative_to(PROJECT_ROOT)


def _declarations() -> Path:
    spec = importlib.util.find_spec(settings().defs_module)
    places = list(spec.submodule_search_locations or ()) if spec else []
    if not places:
        raise PlatformError(f"There is no package {settings().defs_module}.")
    return Path(places[0])


def _raw_columns() -> dict[str, dict[str, str]]:
    """Return the columns of the raw tables as they are in the warehouse, if there is one here.

    A source may have columns that nobody declared; both states are read with the same.
    """
    from platform_assets.lineage.project import warehouse_schemas

    local = settings().warehouse.partition("ducklake:///")[2]
    if local and not Path(local).exists():
        return {}
    try:
        found = warehouse_schemas()
    except Exception:  # of any engine: without it, what is declared has to do
        return {}
    return {table: columns for table, columns in found.items() if table.startswith("raw.")}


@contextmanager
def _folder() -> Iterator[Path]:
    place = settings().data / "impact"
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place) as folder:
        yield Path(folder)


def _read(tree: Path, work: Path, raw: Mapping[str, Any], name: str) -> State:
    """Read a state in a process of its own."""
    work.mkdir()
    dbt = tree / _inside(settings().path(settings().dbt_dir))
    environment = {
        **os.environ,
        "PLATFORM_SPARK_URL": "",  # SQL is compared as the embedded engine has it
        "PLATFORM_DATA_DIR": str(work),
        "PLATFORM_WAREHOUSE_URL": f"ducklake:///{work}/warehouse",
        "PLATFORM_DBT_DIR": str(dbt),
        "PYTHONPATH": str(PROJECT_ROOT),
        "PYTHONWARNINGS": "ignore",
    }
    asked = {"declarations": str(tree / _inside(_declarations())), "out": str(work / "state.json")}
    try:
        done = subprocess.run(
            [sys.executable, "-m", __name__],
            input=json.dumps({**asked, "raw": raw}),
            cwd=PROJECT_ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PlatformError(f"Reading {name} took longer than {LONGEST:.0f} seconds.") from None
    if done.returncode != 0:
        lines = [line for line in done.stderr.strip().splitlines() if line.strip()]
        raise PlatformError(
            f"The state of {name} can't be read:\n" + "\n".join(lines[-TOLD:]),
            hint="It is read by the platform as it is here. `platform-assets check` tells more "
            "about the working tree.",
        )
    return load((work / "state.json").read_text("utf-8"))


def main() -> None:
    """Write the state that stdin asks for; in a process of its own."""
    asked = json.load(sys.stdin)
    package = importlib.import_module(settings().defs_module)
    package.__path__ = [asked["declarations"]]
    if package.__spec__ is not None:
        package.__spec__.submodule_search_locations = package.__path__
    try:
        Path(asked["out"]).write_text(dump(_state(asked["raw"])), encoding="utf-8")
    except Exception as error:
        told = _told(error)
        if told is None:
            raise
        sys.exit(str(told))


def _told(error: BaseException | None) -> PlatformError | None:
    """Return the error for people that lies below one of Dagster's; None if there is none."""
    while error is not None and not isinstance(error, PlatformError):
        error = error.__cause__ or error.__context__
    return error


def _state(raw: Mapping[str, Mapping[str, str]]) -> State:
    from platform_assets.catalog import tracing
    from platform_assets.catalog.columns import Columns
    from platform_assets.catalog.privacy import marked
    from platform_assets.definitions import defs
    from platform_assets.inventory import collect
    from platform_assets.lineage.compiled import compiled
    from platform_assets.lineage.meaning import meaning
    from platform_assets.lineage.project import asset_key, of_project
    from resources.dbt import DbtProject

    project = DbtProject.from_settings()
    nodes = list(defs.resolve_asset_graph().asset_nodes)
    queries = tracing.queries(Path(importlib.import_module(settings().defs_module).__path__[0]))
    _share_parsed(project)
    lineage = of_project(nodes, queries, project, raw)
    manifest = project.manifest()
    graph = marked(collect.graph(nodes, manifest), Columns(lineage))
    found = compiled(project)
    promised = {
        asset_key(node)
        for node in manifest["nodes"].values()
        if ((node.get("config") or {}).get("contract") or {}).get("enforced")
    }
    sql = {asset_key(node): str(node["sql"]) for node in found.nodes.values() if node["sql"]}
    sql |= {query.key: query.sql for query in queries}
    return State(
        {
            key: _thing(asset, lineage.get(key), key in promised)
            for key, asset in graph.assets.items()
        },
        lineage,
        {
            key: meaning(text, found.dialect if "#" not in key else "duckdb")
            for key, text in sql.items()
        },
    )


def _share_parsed(project: Any) -> None:
    """Let dbt compile what it has parsed for the definitions, instead of parsing it again."""
    target = project.target.parent / "compiled" / "target"
    target.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(OSError):
        shutil.copy(project.target / PARSED, target / PARSED)


def _thing(asset: Any, lineage: Any, promised: bool) -> Thing:
    from platform_assets.catalog.present import windows

    columns = {c.name.lower(): Described(c.name, c.type.lower(), c.personal) for c in asset.columns}
    traced = list(lineage.columns) if lineage is not None and not lineage.problem else []
    if traced and asset.layer != "raw":
        columns = {n.lower(): columns.get(n.lower(), Described(n)) for n in traced}
    return Thing(
        asset.key,
        asset.label,
        asset.kind,
        asset.table,
        asset.owners,
        asset.audience,
        asset.parents,
        columns,
        bool(columns) and (promised or bool(traced) or asset.layer == "raw"),
        promised,
        windows(asset),
        asset.file,
    )


if __name__ == "__main__":
    main()
