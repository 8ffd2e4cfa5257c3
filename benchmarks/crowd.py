"""A crowd on one lake: eight writers of different tables and eight readers, for ten minutes.

Each is a process of its own, as on machines of its own: a writer commits a thousand rows again and
again, as fast as it gets its turn; a reader looks at the newest rows of some table, and at what it
got for a moment.
The limit: one writer alone, and what PostgreSQL itself commits.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.lakes import LAKES, Lake
from benchmarks.measure import DATA, ROOT, python

ROWS = 1_000  # of a commit
ALONE_SECONDS = 30.0
PAUSE = 0.25  # seconds between two looks of a reader: people and pages do not ask without a pause
BEGIN = "begin"  # a file with the moment at which all begin, once all are up


@dataclass(frozen=True)
class Told:
    """What the members of one kind did.

    Attributes:
        seconds: of each commit or query, in the order of time.
        errors: kinds of errors, and how often.
        period: seconds that they had.
    """

    seconds: Sequence[float]
    errors: Counter[str]
    period: float

    def row(self) -> list[str]:
        """Return count, per second, and milliseconds: median, 95th percentile, largest."""
        if not self.seconds:
            return ["0", "0", "–", "–", "–"]
        ordered = sorted(self.seconds)
        spots = (ordered[len(ordered) // 2], ordered[len(ordered) * 95 // 100], ordered[-1])
        return [
            f"{len(ordered):,}",
            f"{len(ordered) / self.period:.1f}",
            *(f"{1000 * spot:,.0f}" for spot in spots),
        ]


def run(minutes: float, writers: int, readers: int, names: Sequence[str]) -> None:
    """Measure the crowd on each lake and print the tables."""
    table = Table(title="A crowd on one lake", title_justify="left")
    for column in ("", "count", "per second", "median ms", "95 % ms", "max ms", "errors"):
        table.add_column(column, justify="left" if not column else "right")
    notes = []
    DATA.mkdir(parents=True, exist_ok=True)
    for name in names:
        with tempfile.TemporaryDirectory(dir=DATA) as made, LAKES[name](Path(made)) as lake:
            folder = Path(made)
            alone = _crowd(folder / "alone", lake, ALONE_SECONDS, 1, 0)["writer"]
            conflicts, before, busy = _conflicts(lake), lake.catalog_bytes(), lake.cpu_seconds()
            told = _crowd(folder / "crowd", lake, minutes * 60, writers, readers)
            _add(table, f"{name}: one writer alone", alone)
            _add(table, f"{name}: {writers} writers", told["writer"])
            _add(table, f"{name}: {readers} readers", told["reader"])
            notes += _thirds(name, told["reader"])
            if lake.database:
                again = _conflicts(lake) - conflicts
                notes.append(f"{name}: {again:,} commits met another one, and were tried again")
                notes += _per_commit(name, lake, before, busy, len(told["writer"].seconds))
                rates = _postgresql_commits(lake.database)
                notes.append(f"PostgreSQL itself commits {rates[0]:,.0f} a second, one after the ")
                notes[-1] += f"other; {writers} connections {rates[1]:,.0f}"
    Console(width=110).print(table)
    print("\n".join(notes))


def _add(table: Table, name: str, told: Told) -> None:
    errors = ", ".join(f"{count} × {kind}" for kind, count in told.errors.items()) or "0"
    table.add_row(name, *told.row(), errors)


def _thirds(name: str, told: Told) -> list[str]:
    """Tell whether reading got slower while snapshots and files piled up."""
    size = len(told.seconds) // 3
    if not size:
        return []
    first, last = told.seconds[:size], told.seconds[-size:]
    medians = f"{1000 * statistics.median(first):,.0f}", f"{1000 * statistics.median(last):,.0f}"
    return [f"{name}: median read in the first third {medians[0]} ms, in the last {medians[1]} ms"]


def _crowd(folder: Path, lake: Lake, seconds: float, writers: int, readers: int) -> dict[str, Told]:
    """Let a crowd work; all begin at the same moment."""
    folder.mkdir()
    environment = {**os.environ, **lake.environment, "PYTHONPATH": str(ROOT)}
    _make_tables(environment, writers)
    members = []
    for kind, count in (("writer", writers), ("reader", readers)):
        for number in range(count):
            told = folder / f"{kind}-{number}.json"
            command = python("benchmarks.crowd", kind, number, writers, seconds, told)
            own = {**environment, "PLATFORM_DATA_DIR": str(folder / f"{kind}-{number}")}
            members.append((kind, told, subprocess.Popen(command, cwd=ROOT, env=own)))
    while not all(_ready(told).exists() for _, told, _ in members):
        if any(process.poll() for _, _, process in members):
            sys.exit("A member of the crowd died.")
        time.sleep(0.1)
    _put(folder / BEGIN, str(time.time() + 1))
    found: dict[str, list[dict[str, Any]]] = {"writer": [], "reader": []}
    for kind, told, process in members:
        if process.wait():
            sys.exit(f"A {kind} died.")
        found[kind].append(json.loads(told.read_text()))
    return {kind: _together(each, seconds) for kind, each in found.items()}


def _ready(told: Path) -> Path:
    return told.with_suffix(".ready")


def _put(file: Path, text: str) -> None:
    """Write a file that is whole as soon as it is there."""
    part = file.with_suffix(".part")
    part.write_text(text)
    part.rename(file)


def _together(members: Sequence[dict[str, Any]], period: float) -> Told:
    timed = sorted(tuple(pair) for member in members for pair in member["timed"])
    errors = Counter(kind for member in members for kind in member["errors"])
    return Told([seconds for _, seconds in timed], errors, period)


def _make_tables(environment: dict[str, str], writers: int) -> None:
    sql = "; ".join(
        f"CREATE TABLE IF NOT EXISTS raw.crowd_{n} (n BIGINT, written_at TIMESTAMPTZ, text VARCHAR)"
        for n in range(writers)
    )
    code = (
        "import sys; from resources.warehouse import Warehouse\n"
        "with Warehouse.from_settings().write() as c: c.execute(sys.argv[1])"
    )
    subprocess.run([sys.executable, "-c", code, sql], cwd=ROOT, env=environment, check=True)


def member(kind: str, number: int, tables: int, seconds: float, told: Path) -> None:
    """Write or read until the time is over; write how long each took, and what went wrong."""
    from resources.settings import settings
    from resources.warehouse import Warehouse

    warehouse = Warehouse(settings().warehouse, "256MB", 1, settings().data / "tmp")
    with warehouse.write(f"crowd_{number}"), warehouse.reading():
        pass  # attached before the clock runs, as in a process that has been at work for a while
    chance, timed, errors = random.Random(number), [], []
    _ready(told).touch()
    while not (told.parent / BEGIN).exists():
        time.sleep(0.05)
    begin, count = float((told.parent / BEGIN).read_text()), 0
    time.sleep(max(begin - time.time(), 0))
    while (now := time.time()) < begin + seconds:
        started = time.perf_counter()
        try:
            if kind == "writer":
                _write(warehouse, number, count)
            else:
                _read(warehouse, chance.randrange(tables))
        except Exception as error:
            errors.append(f"{type(error).__name__}: {str(error).splitlines()[0][:120]}")
        else:
            count += 1
            timed.append((now, time.perf_counter() - started))
        time.sleep(PAUSE if kind == "reader" else 0)
    if kind == "writer":
        _check(warehouse, number, count)
    told.write_text(json.dumps({"timed": timed, "errors": errors}))


def _write(warehouse: Any, number: int, count: int) -> None:
    with warehouse.write(f"crowd_{number}") as connection:
        connection.execute(
            f"INSERT INTO raw.crowd_{number} SELECT ? + range, now(), md5(range::VARCHAR) "
            f"FROM range({ROWS})",
            [count * ROWS],
        )


def _read(warehouse: Any, table: int) -> None:
    with warehouse.reading() as cursor:
        cursor.execute(
            f"SELECT count(*), max(n) FROM raw.crowd_{table} "
            f"WHERE n >= (SELECT max(n) FROM raw.crowd_{table}) - {10 * ROWS}"
        ).fetchone()


def _check(warehouse: Any, number: int, commits: int) -> None:
    """Make sure that each commit is there once."""
    with warehouse.reading() as cursor:
        found = cursor.execute(
            f"SELECT count(*), count(DISTINCT n) FROM raw.crowd_{number} WHERE n < ?",
            [commits * ROWS],
        ).fetchone()
    assert found is not None and found[1] == commits * ROWS, found


def _conflicts(lake: Lake) -> int:
    """Return how many commits PostgreSQL has refused because another one was faster."""
    if not lake.database:
        return 0
    log = Path(lake.ask("SHOW data_directory")).parent / "log"
    return log.read_text(errors="replace").count("duplicate key value violates unique")


def _per_commit(
    name: str, lake: Lake, before: int, busy: dict[str, float], commits: int
) -> list[str]:
    """Tell what a commit costs the servers."""
    grown = lake.catalog_bytes() - before
    lines = [f"{name}: the catalog grew by {grown / commits:,.0f} bytes a commit"]
    for server, seconds in lake.cpu_seconds().items():
        spent = 1000 * (seconds - busy[server]) / commits
        lines.append(f"{name}: {server} took {spent:.1f} ms of processor time a commit, reads too")
    return lines


def _postgresql_commits(url: str) -> tuple[float, float]:
    """Return the commits of one row a second that PostgreSQL itself makes: one, eight at once."""
    import threading

    import sqlalchemy

    engine = sqlalchemy.create_engine(url, pool_size=8)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE bare (n BIGINT PRIMARY KEY)"))

    def commit(first: int, until: float, counts: list[int]) -> None:
        with engine.connect() as connection:
            number = first
            while time.monotonic() < until:
                connection.execute(sqlalchemy.text("INSERT INTO bare VALUES (:n)"), {"n": number})
                connection.commit()
                number += 1
            counts.append(number - first)

    rates = []
    for count in (1, 8):
        counts: list[int] = []
        until = time.monotonic() + 5
        starts = [(1 + n + 10 * count) * 10**9 for n in range(count)]
        threads = [threading.Thread(target=commit, args=(s, until, counts)) for s in starts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rates.append(sum(counts) / 5)
    engine.dispose()
    return rates[0], rates[1]


if __name__ == "__main__":
    kind, number, tables, seconds, told = sys.argv[1:]
    member(kind, int(number), int(tables), float(seconds), Path(told))
