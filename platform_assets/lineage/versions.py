"""Further rows for a laboratory: versions of the records that a table has, made of its own values.

Real data rarely hold what a tie decides, or a condition looks for: two versions of one record that
differ in a column or two, rare values, values that lack. Each version here is a row of the table in
which some columns have another value that the column has somewhere, every different one as often as
any other, or none. JSON is taken apart: each path of a document is a column of its own, so that a
version's document may differ in one path, or hold more paths than any real one does.

What does not belong here: where they are held (`laboratory`), what is changed in them (`changes`).
"""

import json
import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

SHARES = (0.05, 0.25, 0.6)  # of a version's columns that have another value; each as often
MISSING = 0.2  # of these, the share that have none
Document = dict[str, Any]
Leaves = dict[tuple[str, ...], Any]  # values by path


def versions(taken: pa.Table, kept: Collection[str], times: int, seed: str) -> pa.Table:
    """Return `times` versions of every row.

    Args:
        taken: the table.
        kept: columns that stay as they are, because what is made of them must be unique.
        seed: the same gives the same versions.
    """
    chance = random.Random(seed)
    rows = [row for row in range(taken.num_rows) for _ in range(times)]
    shares = [chance.choice(SHARES) for _ in rows]
    made = []
    for name in taken.column_names:
        column = taken.column(name).combine_chunks()
        if name in kept:
            made.append(column.take(pa.array(rows, pa.int64())))
        elif documents := _documents(column):
            made.append(_documents_of(documents, rows, shares, chance, column.type))
        else:
            made.append(column.take(pa.array(_chosen(column, rows, shares, chance), pa.int64())))
    return pa.Table.from_arrays(made, taken.column_names)


def _chosen(
    column: pa.Array, rows: Sequence[int], shares: Sequence[float], chance: random.Random
) -> Iterator[int | None]:
    """Return for each version the row from which it has a column; None for no value."""
    first = {repr(value): row for row, value in enumerate(column.to_pylist()) if value is not None}
    different = list(first.values())
    for row, share in zip(rows, shares, strict=True):
        if chance.random() >= share:
            yield row
        elif not different or chance.random() < MISSING:
            yield None
        else:
            yield chance.choice(different)


def _documents(column: pa.Array) -> list[Leaves | None]:
    """Return the documents of a column taken apart; [] if it has anything else."""
    if not pa.types.is_string(column.type) and not pa.types.is_large_string(column.type):
        return []
    found: list[Leaves | None] = []
    for text in column.to_pylist():
        if text is None:
            found.append(None)
            continue
        if not text.startswith("{"):
            return []
        try:
            found.append(dict(_leaves(json.loads(text))))
        except ValueError:
            return []
    return found if any(found) else []


def _leaves(document: Document, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in document.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, (*path, key))
        else:
            yield (*path, key), value


def _documents_of(
    documents: Sequence[Leaves | None],
    rows: Sequence[int],
    shares: Sequence[float],
    chance: random.Random,
    kind: pa.DataType,
) -> pa.Array:
    pools: dict[tuple[str, ...], dict[str, Any]] = {}
    for leaves in documents:
        for path, value in (leaves or {}).items():
            pools.setdefault(path, {}).setdefault(repr(value), value)
    values = {path: list(pool.values()) for path, pool in pools.items()}
    made: list[str | None] = []
    for row, share in zip(rows, shares, strict=True):
        leaves = documents[row]
        if leaves is None and chance.random() >= share:
            made.append(None)
        else:
            made.append(json.dumps(_put_together(_version(leaves or {}, values, share, chance))))
    return pa.array(made, kind)


def _version(
    leaves: Leaves,
    values: Mapping[tuple[str, ...], Sequence[Any]],
    share: float,
    chance: random.Random,
) -> Leaves:
    found: Leaves = {}
    for path, known in values.items():
        if chance.random() >= share:
            if path in leaves:
                found[path] = leaves[path]
        elif chance.random() >= MISSING:
            found[path] = chance.choice(known)
    return found


def _put_together(leaves: Leaves) -> Document:
    """Return the document; where one path leads through another's value, the longer one counts."""
    document: Document = {}
    for path in sorted(leaves, key=len):
        inside = document
        for key in path[:-1]:
            if not isinstance(inside.get(key), dict):
                inside[key] = {}
            inside = inside[key]
        inside[path[-1]] = leaves[path]
    return document
