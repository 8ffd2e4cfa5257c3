"""Maintenance that dies, or meets others: run as a process of its own, which forks its children.

It never opens the lake itself, so that a child starts with nothing but the imports.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import CodeType
from typing import Any

from resources.warehouse import Warehouse, compaction, expiry, lake_files, orphans
from tests.dying import die_at
from tests.ingestion import crashing
from tests.ingestion.zone import Zone, lines, source

NOW = timedelta(0)
LIMITS = compaction.Limits(few=2, inlined=12, deleted=0.1)
BROKEN = 4


def add(warehouse: Warehouse, number: int) -> None:
    """Give maintenance something to do: each round brings ids `1000 * number` and more."""
    first = 1000 * number
    statements = [
        f"INSERT INTO lake.raw.held VALUES {', '.join(f'({first + i})' for i in range(7))}",
        f"INSERT INTO lake.raw.held VALUES {', '.join(f'({first + 7 + i})' for i in range(7))}",
        *(
            f"INSERT INTO lake.raw.small SELECT {first} + i FROM range({n}, {n + 50}) g(i)"
            for n in (0, 50, 100)
        ),
        f"DELETE FROM lake.raw.small WHERE id >= {first} AND id % 3 = 1",
        "CREATE OR REPLACE TABLE lake.marts.anew AS FROM range(20) g(i)",
    ]
    for sql in statements:
        with warehouse.write() as connection:
            connection.execute(sql)


def begin(warehouse: Warehouse) -> None:
    """Make the tables, and the first round."""
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE lake.raw.small (id BIGINT)")
        connection.execute("CREATE TABLE lake.raw.held (id BIGINT)")
    add(warehouse, 0)


def maintain(warehouse: Warehouse, keep: set[int]) -> None:
    """Do all maintenance of the lake, as if everything were old."""
    compaction.compact(warehouse, LIMITS)
    expiry.expire(warehouse, NOW, keep)
    expiry.clean_up(warehouse, NOW)
    orphans.remove_orphans(warehouse, NOW)
    warehouse.place.shrink()


def watched() -> set[CodeType]:
    """Return the code in which a death at any line must do no harm."""
    functions: list[Any] = [
        compaction.compact,
        compaction._compact,
        compaction._into_files,
        compaction._call,
        expiry.expire,
        expiry._forget_rows,
        expiry.clean_up,
        orphans.remove_orphans,
        lake_files.remove,
        Warehouse.write.__wrapped__,  # type: ignore[attr-defined]
    ]
    return {function.__code__ for function in functions}


def child(work: Callable[[], None]) -> int:
    """Do some work in a child; return its process id."""
    pid = os.fork()
    if pid:
        return pid
    code = BROKEN
    try:
        work()
        code = 0
    finally:
        with contextlib.suppress(BaseException):
            if code:
                sys.excepthook(*sys.exc_info())
            sys.stderr.flush()
        os._exit(code)


def deaths(url: str, keep: int, first: int, step: int) -> None:
    """Die at one line of maintenance after the other, until one gets to its end."""
    number, line, code = 0, first, -signal.SIGKILL
    while code == -signal.SIGKILL:
        number += 1

        def work(number: int = number, line: int = line) -> None:
            warehouse = Warehouse(url)
            add(warehouse, number)
            die_at(line, watched())
            maintain(warehouse, {keep})

        code = crashing.end(child(work))
        line += step
    print(number, code)


def load(url: str, folder: str, first: int, rounds: int) -> None:
    """Load small files one after the other."""
    zone = Zone(Path(folder))
    zone._warehouse = Warehouse(url)
    for number in range(first, first + rounds):
        zone.land(f"{number:02}.ndjson", lines(*({"id": f"{number}-{n}"} for n in range(20))))
        zone.load(source())


def read(url: str, stop: str) -> None:
    """Read until a file is there: what was there once is there, and each query sees whole loads."""
    warehouse, before, reads = Warehouse(url), 0, 0
    while not Path(stop).exists():
        with warehouse.reading() as connection:
            connection.execute("BEGIN")
            sql = "SELECT count(*), count(DISTINCT (_file, _line)) FROM lake.raw.events"
            there, distinct = connection.execute(sql).fetchall()[0]
            said = connection.execute("SELECT sum(rows_loaded) FROM lake.platform.ledger")
            assert (there,) == said.fetchone() and there == distinct >= before, (there, distinct)
            connection.execute("COMMIT")
        before, reads = there, reads + 1
    print(reads)


if __name__ == "__main__":
    command, place, *rest = sys.argv[1:]
    globals()[command](place, *[int(word) if word.isdigit() else word for word in rest])
