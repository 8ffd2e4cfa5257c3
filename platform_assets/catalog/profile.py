"""What is in a table: its first rows, and of each column a profile; personal data stays out.

What belongs here: the SQL of a profile, and what of an answer may be shown. What does not: running
SQL (`resources.warehouse.sandbox`), drawing (`templates/profile.html.j2`).
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from platform_assets.catalog.present import Facts
from platform_assets.inventory.model import Asset
from resources.warehouse.connection import identifier
from resources.warehouse.sandbox import Answer, Sandbox

PREVIEWED = 50  # rows
SAMPLE = 100_000  # rows that a profile looks at; a larger table is sampled
EXACT = 20_000  # rows up to which different values are counted one by one
BINS = 12  # of a histogram
FEW = 50  # different values that are all worth a look
TOP = 5  # most frequent values
WIDEST = 150  # columns of a table that are profiled
LONGEST = 60  # characters of a value that are shown
KEPT = 200  # results that are remembered
MASK = "•••"
NUMBERS = ("INT", "DECIMAL", "DOUBLE", "FLOAT", "REAL")
TIMES = ("DATE", "TIMESTAMP")


@dataclass(frozen=True)
class Kind:
    """How a column of a type is profiled; `place` is SQL of a value's place on a line."""

    range: bool = False
    top: bool = False
    place: str = ""


class Contents:
    """Previews and profiles of tables, remembered until the next materialization."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._guard = threading.Lock()
        self._kept: OrderedDict[tuple[Any, ...], Facts] = OrderedDict()

    def preview(self, asset: Asset, made: str) -> Facts:
        """Return the first rows of a table; a column of personal data shows no value.

        Args:
            made: what changes with every materialization of the asset.

        Raises:
            QueryError: the table can't be read.
        """
        return self._remember(("preview", asset, made), lambda: self._preview(asset))

    def profile(self, asset: Asset, made: str, rows: int | None) -> Facts:
        """Return of each column nulls, different values, range, most frequent values, histogram.

        Args:
            made: what changes with every materialization of the asset.
            rows: of the table, as far as known; a large one is sampled.

        Raises:
            QueryError: the table can't be read, or not in time.
        """
        shape = [(c["name"], c["type"]) for c in self.preview(asset, made)["columns"][:WIDEST]]
        return self._remember(("profile", asset, made), lambda: self._profile(asset, shape, rows))

    def _preview(self, asset: Asset) -> Facts:
        told = self._sandbox.run(f"SELECT * FROM {_table(asset)} LIMIT {PREVIEWED}")
        hidden = _hidden(asset)
        masked = [name.lower() in hidden for name, _ in told.columns]
        return {
            "columns": [
                {"name": name, "type": kind, "personal": mask}
                for (name, kind), mask in zip(told.columns, masked, strict=True)
            ],
            "rows": [
                [MASK if mask and v is not None else v for v, mask in zip(row, masked, strict=True)]
                for row in told.rows
            ],
            "seconds": round(told.seconds, 3),
        }

    def _profile(self, asset: Asset, shape: Sequence[tuple[str, str]], rows: int | None) -> Facts:
        if rows is None:
            rows = self._sandbox.run(f"SELECT count(*) FROM {_table(asset)}").rows[0][0]
        hidden = _hidden(asset)
        kinds = [Kind() if name.lower() in hidden else kind_of(type_) for name, type_ in shape]
        told = self._sandbox.run(statement(_table(asset), [n for n, _ in shape], kinds, rows))
        looked_at = told.rows[0][0]
        return {
            "rows": rows,
            "looked_at": looked_at,
            "sampled": looked_at < rows,
            "seconds": round(told.seconds, 3),
            "columns": [
                {
                    "name": name,
                    "type": type_,
                    "personal": name.lower() in hidden,
                    **_column(told, position, kinds[position], looked_at, type_),
                }
                for position, (name, type_) in enumerate(shape)
            ],
        }

    def _remember(self, key: tuple[Any, ...], make: Callable[[], Facts]) -> Facts:
        """Return what is known under a key, made now if it is not; the asset is a key by itself."""
        wanted = (key[0], key[1].key, hash(key[1].columns_known), key[2])
        with self._guard:
            if wanted in self._kept:
                self._kept.move_to_end(wanted)
                return self._kept[wanted]
        made = make()
        with self._guard:
            self._kept[wanted] = made
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made


def kind_of(type_: str) -> Kind:
    """Return how a column of a DuckDB type is profiled."""
    if type_.endswith("]") or type_.startswith(("STRUCT", "MAP", "UNION")):
        return Kind()
    if any(type_.split("(")[0].endswith(each) for each in NUMBERS):
        whole = "INT" in type_
        return Kind(range=True, top=whole, place="CAST({} AS DOUBLE)")
    if type_.startswith(TIMES):
        return Kind(range=True, place="CAST(epoch({}) AS DOUBLE)")
    if type_.startswith(("VARCHAR", "BOOLEAN", "ENUM", "UUID")):
        return Kind(range=type_.startswith("VARCHAR"), top=True)
    return Kind()


def statement(table: str, names: Sequence[str], kinds: Sequence[Kind], rows: int) -> str:
    """Return one SELECT of one row: how many rows were looked at, and five values per column.

    They are: values that are not NULL, different ones, the range as a list of two texts, the most
    frequent as a list of {v, k}, the histogram as a list of {b, k}; NULL where there is none.
    """
    renamed = ", ".join(f"{identifier(name)} AS c{i}" for i, name in enumerate(names)) or "1 AS one"
    share = f" USING SAMPLE {100 * SAMPLE / rows:.6f}% (system, 42)" if rows > SAMPLE * 2 else ""
    different = "count(DISTINCT {})" if rows <= EXACT else "approx_count_distinct({})"
    measures, shown = ["count(*) AS n"], ["n"]
    for i, kind in enumerate(kinds):
        c = f"c{i}"
        measures += [f"count({c}) AS n{i}", f"{different.format(c)} AS d{i}"]
        shown += [f"n{i}", f"d{i}"]
        if kind.range:
            measures += [f"min({c}) AS lo{i}", f"max({c}) AS hi{i}"]
            cut = f"left(lo{i}::VARCHAR, {LONGEST}), left(hi{i}::VARCHAR, {LONGEST})"
            shown.append(f"[{cut}]")
        else:
            shown.append("NULL")
        shown.append(_top(c) if kind.top else "NULL")
        shown.append(_histogram(i, kind.place) if kind.place else "NULL")
    return (
        f"WITH s AS MATERIALIZED (SELECT {renamed} FROM {table}{share} LIMIT {SAMPLE * 4}), "
        f"m AS MATERIALIZED (SELECT {', '.join(measures)} FROM s) "
        f"SELECT {', '.join(shown)} FROM m"
    )


def _top(c: str) -> str:
    text = f"left({c}::VARCHAR, {LONGEST})"
    return (
        "(SELECT list({'v': v, 'k': k}) FROM "
        f"(SELECT {text} AS v, count(*) AS k FROM s WHERE {c} IS NOT NULL "
        f"GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {TOP}))"
    )


def _histogram(i: int, place: str) -> str:
    lo, hi, x = (place.format(name) for name in (f"lo{i}", f"hi{i}", f"c{i}"))
    return (
        "(SELECT list({'b': b, 'k': k}) FROM (SELECT least("
        f"{BINS - 1}, floor({BINS} * (x - lo) / (hi - lo)))::INTEGER AS b, count(*) AS k "
        f"FROM (SELECT {x} AS x FROM s WHERE c{i} IS NOT NULL), "
        f"(SELECT {lo} AS lo, {hi} AS hi FROM m) "
        "WHERE isfinite(x) AND isfinite(lo) AND isfinite(hi) AND hi > lo GROUP BY 1))"
    )


def _column(told: Answer, position: int, kind: Kind, rows: int, type_: str) -> Facts:
    """Return the profile of a column from the five values that stand for it."""
    at = 1 + position * 5
    there, different, range_, top, bins = told.rows[0][at : at + 5]
    # What is (nearly) different in every row has no frequent values worth showing.
    telling = top and (different <= FEW or top[0]["k"] >= max(2, rows / 200))
    counted = [0] * BINS
    for each in bins or ():
        counted[each["b"]] = each["k"]
    return {
        "nulls": rows - there,
        "null_share": round((rows - there) / rows, 4) if rows else 0.0,
        "distinct": different,
        "approximate": rows > EXACT and different > FEW,
        "least": range_[0] if range_ else None,
        "most": range_[1] if range_ else None,
        "top": [{"value": t["v"], "count": t["k"]} for t in top] if telling else [],
        "histogram": counted if bins else [],
        "by_value": bool(kind.place),
        "text": type_.startswith("VARCHAR"),
    }


def _table(asset: Asset) -> str:
    return ".".join(identifier(part) for part in asset.table.split(".", 1))


def _hidden(asset: Asset) -> set[str]:
    return {column.name.lower() for column in asset.columns if column.personal}
