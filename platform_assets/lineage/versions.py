"""Further rows for a laboratory: versions of the records that a table has, made of its own values.

Real data rarely hold what a tie decides, or a condition looks for: two versions of one record that
differ in a column or two, rare values, values that lack. So there are *versions* of every row, in
which some columns have another value that the column has somewhere, every different one as often as
any other, or none; and *twins*, two rows of a record that no other row is of, alike but for some
columns. JSON is taken apart: each path of a document is a column of its own.

What does not belong here: where they are held (`laboratory`), what is changed in them (`changes`),
single values (`contents`).
"""

import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from platform_assets.lineage.contents import Contents, contents_of

SHARES = (0.05, 0.25, 0.6)  # of a version's columns that have another value; each as often


@dataclass(frozen=True)
class Row:
    """A row to be made.

    Attributes:
        own: the row that it is a version of.
        share: of its columns that have another value.
        pair: of twins, their number; 0 for a version.
        second: whether it is the second of twins, and differs from the first.
    """

    own: int
    share: float
    pair: int = 0
    second: bool = False


def versions(taken: pa.Table, kept: Collection[str], times: int, pairs: int, seed: str) -> pa.Table:
    """Return `times` versions of every row, and `pairs` of twins.

    Args:
        taken: the table.
        kept: columns that stay as they are, because what is made of them must be unique.
        seed: the same gives the same rows.
    """
    chance = random.Random(seed)
    rows = list(_rows(taken.num_rows, times, pairs, chance))
    made = []
    for name in taken.column_names:
        column = taken.column(name).combine_chunks()
        own = pa.array([row.own for row in rows], pa.int64())
        if name in kept:
            made.append(column.take(own))
            continue
        contents = contents_of(column)
        try:
            made.append(pa.array(_values(contents, rows, chance), column.type))
        except pa.ArrowException:  # a type that goes through Python with a loss
            made.append(column.take(own))
    return pa.Table.from_arrays(made, taken.column_names)


def _rows(count: int, times: int, pairs: int, chance: random.Random) -> Iterator[Row]:
    if not count:
        return
    for own in range(count):
        for _ in range(times):
            yield Row(own, chance.choice(SHARES))
    for pair in range(1, pairs + 1):
        own, share = chance.randrange(count), chance.choice(SHARES)
        yield Row(own, share, pair)
        yield Row(own, share, pair, second=True)


def _values(contents: Contents, rows: list[Row], chance: random.Random) -> Iterator[Any]:
    first: Any = None
    for row in rows:
        if row.pair and not row.second:
            first = contents.begun(row.own, row.pair, chance)
            yield contents.told(first)
        elif row.second:
            yield contents.told(contents.other(first, row.share, chance))
        else:
            yield contents.told(contents.other(contents.at(row.own), row.share, chance))
