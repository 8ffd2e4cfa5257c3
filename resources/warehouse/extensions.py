"""DuckDB's extensions, taken from their wheels: nothing is downloaded at run time."""

import importlib.util
from functools import cache
from pathlib import Path

import duckdb

# DuckDB checks an extension's signature each time that a connection loads it: 150 ms for the three
# of a lake. What is loaded comes from wheels whose hashes the installer has checked.
CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "allow_unsigned_extensions": "true",
    "autoinstall_known_extensions": "false",
}


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
