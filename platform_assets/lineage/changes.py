"""The ways in which one column of a table is changed, as SQL that stands for the table.

What belongs here: SQL over a held table with the columns `_place`, its rows' numbers, and `_other`,
the number of another row each. What does not: what comes of it (`proof`).
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from platform_assets.lineage.model import Source

MOST = 24  # constants that a column is filled with


@dataclass(frozen=True)
class Column:
    """A column of a held table, or a path into one of JSON.

    Attributes:
        kind: its type, as DuckDB names it.
        path: dotted, from the column itself: `properties.price`.
    """

    table: str
    name: str
    kind: str
    path: str = ""

    @property
    def source(self) -> Source:
        """It, as lineage names it."""
        return Source(self.table, self.name, self.path)

    def at(self, path: str) -> "Column":
        """Return a path into it."""
        return replace(self, path=path)


@dataclass(frozen=True)
class Change:
    """One way: SQL that stands for the table, and SQL that counts what it changes.

    Both have `{held}` for the table.
    """

    query: str
    count: str


def changes(
    column: Column, unique: bool, alone: bool, literals: Sequence[str] = ()
) -> Iterator[Change]:
    """Return the ways to change a column; its table keeps what is said to be unique.

    Args:
        literals: SQL of constants that the statement compares with: what it looks for may not be
            among the data.
        unique: the column is part of what tells rows apart.
        alone: it tells them apart by itself.
    """
    value = _value(column)
    new = _moved(column, value, far=False), _moved(column, value, far=True)
    some, others = "hash(_place) % 3 = 0", "hash(_place) % 3 = 1"
    for where in (some, others):
        yield _change(column, f"CASE WHEN {where} THEN NULL ELSE {value} END")
    for moved in new:
        if moved:
            yield _change(column, moved)
            if not unique or moved == new[1]:
                yield _change(column, f"CASE WHEN {some} THEN {moved} ELSE {value} END")
                yield _change(column, f"CASE WHEN {others} THEN {moved} ELSE {value} END")
    if not unique or alone:
        yield _exchanged(column, value)
    if not unique:
        yield _change(column, f"(SELECT max({value}) FROM {{held}})")
        yield _change(column, f"(SELECT min({value}) FROM {{held}})")
        if literals and not column.path:
            told = ", ".join(f"TRY_CAST({one} AS {column.kind})" for one in literals[:MOST])
            one = f"list_extract([{told}], 1 + (hash(_other) % {len(literals[:MOST])})::INT)"
            for where in (some, "true"):
                yield _change(
                    column, f"CASE WHEN {where} THEN coalesce({one}, {value}) ELSE {value} END"
                )
    yield _change(column, "NULL")


def renewed(columns: Sequence[Column], keys: Sequence[Collection[str]]) -> list[Column]:
    """Return the columns that must have new values, so that further rows keep what is unique.

    Of a key of several columns it is a day or a time, of which there are always more, or the last.
    """
    kinds = {column.name.lower(): column.kind for column in columns}
    chosen = {next(iter(key)).lower() for key in keys if len(key) == 1}
    for key in keys:
        names = [name.lower() for name in key]
        if not chosen.intersection(names) and names:
            times = [n for n in names if kinds.get(n, "").startswith(("DATE", "TIMESTAMP"))]
            chosen.add((times or names[-1:])[0])
    return [column for column in columns if column.name.lower() in chosen]


def new_value(column: Column, number: str, table: str) -> str:
    """Return the SQL of a value that no row of `table` has, and no other `number` gives.

    Args:
        number: SQL of a number from 1, less than a million.
    """
    name, kind = _name(column), column.kind
    most = f"(SELECT max({name}) FROM {table})"
    if kind == "VARCHAR":
        return f"concat({name}, printf('%06d', {number}))"
    if kind == "DATE":
        return f"{most} + CAST({number} AS INTEGER)"
    if kind.startswith("TIMESTAMP"):
        return f"{most} + to_minutes({number})"
    if kind.startswith(("DECIMAL", "DOUBLE", "FLOAT")) or kind.endswith("INT") or "INTEGER" in kind:
        return f"CAST(coalesce({most}, 0) + {number} AS {kind})"
    return "NULL"


def _name(column: Column) -> str:
    return '"' + column.name.replace('"', '""') + '"'


def _steps(column: Column) -> list[str]:
    return column.path.split(".")[1:]


def _value(column: Column) -> str:
    if not column.path:
        return _name(column)
    if not column.kind.startswith(("JSON", "VARCHAR")):
        return (
            "struct_extract(" * len(_steps(column))
            + _name(column)
            + "".join(f", '{step}')" for step in _steps(column))
        )
    path = "".join(f'."{step}"' for step in _steps(column))
    return f"json_extract({_name(column)}, '${path}')"


def _put(column: Column, new: str) -> str:
    """Return the SQL of the whole column with a new value at the path, where there was one."""
    if not column.path:
        return f"CAST({new} AS {column.kind})"
    patch = f"coalesce(CAST({new} AS JSON), 'null'::JSON)"
    for step in reversed(_steps(column)):
        patch = f"json_object('{step}', {patch})"
    merged = f"json_merge_patch(CAST({_name(column)} AS JSON), {patch})"
    put = f"CASE WHEN {_value(column)} IS NULL THEN {_name(column)} ELSE {merged} END"
    return f"CAST({put} AS {column.kind})"


def _change(column: Column, new: str) -> Change:
    put = _put(column, new)
    return Change(
        f"SELECT * EXCLUDE (_place, _other) REPLACE ({put} AS {_name(column)}) FROM {{held}}",
        f"SELECT count_if({_name(column)} IS DISTINCT FROM ({put})) FROM {{held}}",
    )


def _exchanged(column: Column, value: str) -> Change:
    """Every row has another row's value."""
    name = _name(column)
    put = _put(column, "_theirs")
    query = (
        f"(SELECT own.*, other._theirs FROM {{held}} AS own JOIN "
        f"(SELECT _place AS _at, {value} AS _theirs FROM {{held}}) AS other "
        "ON own._other = other._at ORDER BY own._place)"
    )
    return Change(
        f"SELECT * EXCLUDE (_place, _other, _theirs) REPLACE ({put} AS {name}) FROM {query}",
        f"SELECT count_if({name} IS DISTINCT FROM ({put})) FROM {query}",
    )


def _moved(column: Column, value: str, far: bool) -> str:
    """Return the SQL of a value near by, or far off; "" for types without one."""
    if column.path:
        number = f"TRY_CAST({value} ->> '$' AS DOUBLE)"
        other = f"{number} + {1000003 if far else 1}"
        text = f"concat({'chr(126), ' if far else ''}{value} ->> '$', 'x')"
        return f"CASE WHEN {number} IS NOT NULL THEN to_json({other}) ELSE to_json({text}) END"
    kind = column.kind
    if kind == "BOOLEAN":
        return f"NOT {value}"
    if kind == "DATE":
        return f"{value} + {2000 if far else 1}"
    if kind.startswith(("TIMESTAMP", "TIME")):
        return f"{value} + INTERVAL {'2000 days' if far else '61 minutes'}"
    if kind == "VARCHAR":
        return f"concat(chr(126), {value}, 'x')" if far else f"concat({value}, 'x')"
    if kind.startswith(("DECIMAL", "DOUBLE", "FLOAT")) or kind.endswith("INT") or "INTEGER" in kind:
        changed = f"{value} * 2 + 100003" if far else f"{value} + 1"
        return f"coalesce(TRY_CAST({changed} AS {kind}), {value})"
    return ""
