"""Folders named `column=value`, as columns of the files in them."""

import re
from collections.abc import Mapping
from urllib.parse import unquote

from resources.warehouse.connection import literal
from resources.warehouse.file_relation import Relation

_FOLDER = re.compile(r"([^=/]+)=([^/]*)")
NOTHING = "__HIVE_DEFAULT_PARTITION__"


def columns(path: str) -> dict[str, str | None]:
    """Return the columns that the folders of `path` name, in order."""
    found: dict[str, str | None] = {}
    for folder in path.split("/")[:-1]:
        match = _FOLDER.fullmatch(folder)
        if match:
            value = unquote(match.group(2))
            found[match.group(1)] = None if value in ("", NOTHING) else value
    return found


def add(relation: Relation, folders: Mapping[str, str | None]) -> Relation:
    """Return the relation with the columns of its files' folders; a column of the file wins."""
    there = {name.lower() for name in relation.wires}
    new = {k: v for k, v in folders.items() if k.lower() not in there}
    if not new:
        return relation
    wires = {name: (f"hive{n}", "VARCHAR") for n, name in enumerate(new)}
    sql = ", ".join(
        f"CAST({literal(value) if value is not None else 'NULL'} AS VARCHAR) AS hive{n}"
        for n, value in enumerate(new.values())
    )
    return relation.on(f"SELECT *, {sql} FROM ({relation.sql})", wires)
