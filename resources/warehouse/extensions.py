"""DuckDB's extensions, taken from their wheels: nothing is downloaded at run time."""

import importlib.util
import os
from functools import cache
from pathlib import Path

import duckdb

# DuckDB checks an extension's signature each time that a connection loads it: 150 ms for the three
# of a lake. What is loaded comes from wheels whose hashes the installer has checked.
CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "allow_unsigned_extensions": "true",
    "autoinstall_known_extensions": "false",
}
NAMES = (
    "ducklake",
    "sqlite_scanner",
    "postgres_scanner",
    "mysql_scanner",
    "httpfs",
    "icu",
)


@cache
def extension_path(name: str) -> Path:
    """Return the file of extension `name` in its wheel.

    Raises:
        ModuleNotFoundError: the wheel `duckdb-extension-<name>` is not installed.
    """
    spec = importlib.util.find_spec(f"duckdb_extension_{name}")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"duckdb-extension-{name.replace('_', '-')} is not installed")
    folder = Path(next(iter(spec.submodule_search_locations)))
    return folder / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"


def load(connection: duckdb.DuckDBPyConnection, *names: str) -> None:
    """Load extensions into `connection` from their wheels."""
    for name in names:
        connection.execute(f"LOAD '{str(extension_path(name)).replace(chr(39), chr(39) * 2)}'")


@cache
def platform_name() -> str:
    """Return DuckDB's name of this machine's platform, e.g. `linux_amd64`."""
    row = duckdb.connect().execute("PRAGMA platform").fetchone()
    assert row is not None
    return str(row[0])


def link_directory(folder: Path) -> Path:
    """Make `folder` an extension directory: links to the wheels, for who loads by name.

    Safe to call from several processes at once: a link appears whole or not at all.
    """
    target = folder / f"v{duckdb.__version__}" / platform_name()
    target.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        link, source = target / f"{name}.duckdb_extension", extension_path(name)
        if link.is_symlink() and Path(os.readlink(link)) == source:
            continue
        temporary = target / f".{name}.{os.getpid()}"
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(source)
        temporary.replace(link)
    return folder
