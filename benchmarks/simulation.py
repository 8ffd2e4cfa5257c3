"""What a larger company needs, computed from what was measured (`measured.toml`).

What belongs here: a small simulation of a day of loads and runs, the queue of analysts' queries,
and the tables that `docs/scale.md` quotes. What does not: any number that was measured, and what
follows from the tables, which stands in the document.

Cores are thought to be as fast as the two that were measured, and work to spread over them with
`SPREAD` of the gain; nothing else is extrapolated but by proportion.
"""

import heapq
import math
import random
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MEASURED = Path(__file__).with_name("measured.toml")
DAY = 86_400.0
TERABYTE = 10**12
SPREAD = 0.7  # of a core's worth that one more core brings
BUSY = 0.7  # share of its time that a core may be at work on average
FRESH_SECONDS = 600.0  # within which 95 of 100 files are to be loaded
ANSWER_SECONDS = 5.0  # within which 95 of 100 queries are to be answered
PEAK = 3.0  # the busiest hour to the average one
CURVE = 2.6  # power of a cosine whose highest point is that much above its average
MACHINE_CORES = 16.0  # of one worker machine
KEPT_DAYS = 7.0  # of snapshots
LOOK_EVERY = 30.0  # seconds between two looks at all conditions
RUNS_PER_DAY = 24.0  # of each table
ASSETS_PER_SOURCE = 10.0
TABLES_PER_RUN = 30.0  # that one run makes on average
QUERIES_PER_ANALYST = 12.0  # in the busiest hour
PAGES_PER_ANALYST = 60.0
Numbers = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Company:
    """What a company asks of the platform.

    Attributes:
        bytes_per_day: of files that land, as they are.
        files_per_day: how many they are.
    """

    name: str
    bytes_per_day: float
    files_per_day: int
    assets: int
    analysts: int


COMPANIES = (
    Company("1 GB a day", 1e9, 500, 100, 20),
    Company("100 GB a day", 1e11, 5_000, 1_000, 100),
    Company("1 TB a day", 1e12, 20_000, 10_000, 500),
)


def measured() -> Numbers:
    """Return the measured numbers by table and name."""
    found: dict[str, Any] = tomllib.loads(MEASURED.read_text())
    return found


def arrivals(files: int, seed: int = 1) -> list[float]:
    """Return the seconds of a day at which files land: a busy midday, a quiet night."""
    chance = random.Random(seed)
    found = []
    while len(found) < files:
        second = chance.random() * DAY
        if chance.random() < ((1 - math.cos(2 * math.pi * second / DAY)) / 2) ** CURVE:
            found.append(second)
    return sorted(found)


def waiting(landed: list[float], seconds: float, workers: int) -> float:
    """Return how long 95 of 100 files take to be loaded by so many workers, one file each."""
    free = [0.0] * workers
    heapq.heapify(free)
    took = []
    for moment in landed:
        begin = max(moment, heapq.heappop(free))
        heapq.heappush(free, begin + seconds)
        took.append(begin + seconds - moment)
    return sorted(took)[len(took) * 95 // 100]


def load_workers(company: Company, numbers: Numbers) -> tuple[int, float]:
    """Return the fewest workers of one core each that keep the files fresh, and how fresh."""
    events = company.bytes_per_day / company.files_per_day / numbers["load"]["bytes_of_event"]
    seconds = events / numbers["load"]["events_per_core_second"] + 1 / _commits(numbers)
    landed = arrivals(company.files_per_day)
    workers = max(math.ceil(company.files_per_day * seconds / DAY / BUSY), 1)
    while (fresh := waiting(landed, seconds, workers)) > max(FRESH_SECONDS, 2 * seconds):
        workers += 1
    return workers, fresh


def erlang_c(load: float, servers: int) -> float:
    """Return the chance that who comes has to wait (Erlang's formula for a queue M/M/c)."""
    term, total = 1.0, 1.0
    for number in range(1, servers):
        term *= load / number
        total += term
    last = term * load / servers * servers / (servers - load)
    return last / (total + last)


def query_cores(company: Company, numbers: Numbers) -> int:
    """Return the fewest cores that answer 95 of 100 queries of the busiest hour in time."""
    rate = company.analysts * QUERIES_PER_ANALYST / 3600
    service = numbers["people"]["query_core_ms"] / 1000
    cores = math.floor(rate * service) + 1
    while True:
        wait = erlang_c(rate * service, cores)
        slack = (cores / service - rate) * max(ANSWER_SECONDS - 3 * service, 0.1)
        if wait * math.exp(-slack) <= 0.05:
            return cores
        cores += 1


def needs(company: Company, numbers: Numbers) -> dict[str, str]:
    """Return what a company needs, by the name of each row of the table."""
    events = company.bytes_per_day / numbers["load"]["bytes_of_event"]
    workers, fresh = load_workers(company, numbers)
    runs = company.assets * RUNS_PER_DAY / TABLES_PER_RUN
    model = _model_cores(events, runs, numbers)
    commits = company.files_per_day + company.assets * RUNS_PER_DAY
    queries = company.analysts * QUERIES_PER_ANALYST
    stored = events * numbers["lake"]["parquet_bytes_of_event"] * numbers["lake"]["copies_of_event"]
    look = company.assets * numbers["run"]["look_ms_per_asset"] / 1000
    web = company.analysts * PAGES_PER_ANALYST / 3600 * numbers["people"]["page_core_ms"] / 1000
    return {
        "events a day": _big(events),
        "cores to load, 95 % within": f"{workers} ({_span(fresh)})",
        "cores to refresh models, on average": f"{model}",
        "a first build of 30 days, memory": _build(events * 30, numbers),
        "network, on average": _rate((company.bytes_per_day + 3 * stored) / DAY),
        "new in the object store, a day": _bytes(stored),
        "commits a second, busiest hour": f"{PEAK * commits / DAY:.2f}",
        "the embedded lake's writer is busy": _share(
            PEAK * commits / DAY / numbers["catalog"]["embedded_commits_per_second"]
        ),
        "PostgreSQL, busiest hour": _postgresql(commits, queries, company, numbers),
        f"catalog, with snapshots of {KEPT_DAYS:.0f} days": _bytes(
            KEPT_DAYS * commits * numbers["catalog"]["bytes_per_commit"]
        ),
        "snapshots": f"{KEPT_DAYS * commits:,.0f}",
        "one look at all conditions": _span(look),
        "one look at all sources": _span(
            company.assets / ASSETS_PER_SOURCE * numbers["run"]["watch_ms_per_source"] / 1000
        ),
        f"code locations, to look every {LOOK_EVERY:.0f} s": str(_ceil(look / LOOK_EVERY)),
        "memory of a code location's process": _bytes(
            1024 * company.assets * numbers["run"]["code_location_kib_per_asset"] + 3e8
        ),
        "cores for analysts' queries": f"{query_cores(company, numbers)}",
        "webservers (one core each)": str(_ceil(web)),
    }


def table() -> str:
    """Return what each company needs as a Markdown table."""
    numbers = measured()
    found = [needs(company, numbers) for company in COMPANIES]
    heads = [f"{c.name}, {c.assets:,} assets, {c.analysts} analysts" for c in COMPANIES]
    lines = ["| | " + " | ".join(heads) + " |", "|---|" + "---:|" * len(heads)]
    lines += [f"| {row} | " + " | ".join(each[row] for each in found) + " |" for row in found[0]]
    return "\n".join(lines)


def walls() -> str:
    """Return where each engine's wall is as a Markdown table."""
    numbers = measured()
    lines = ["| | two cores, 24 GB (measured) | 16 cores, 128 GB | 64 cores, 512 GB |"]
    lines.append("|---|---:|---:|---:|")
    sizes = ((2.0, 24.0), (16.0, 128.0), (64.0, 512.0))
    load = [_spread(cores) * numbers["load"]["events_per_core_second"] for cores, _ in sizes]
    per_day = [BUSY * DAY * rate * numbers["load"]["bytes_of_event"] for rate in load]
    built = [
        memory / 2 / numbers["model"]["full_build_gb_per_million"] * 1e6 for _, memory in sizes
    ]
    rows = {
        "loads, events a second": [_big(rate) for rate in load],
        "loads a day, at 70 % of its time": [_bytes(size) for size in per_day],
        "history that a first build takes at once": [f"{_big(count)} events" for count in built],
    }
    lines += [f"| {name} | {' | '.join(cells)} |" for name, cells in rows.items()]
    return "\n".join(lines)


def _spread(cores: float) -> float:
    """Return how many of the measured cores' worth so many cores are."""
    return min(cores, 2.0) + max(cores - 2.0, 0.0) * SPREAD


def _ceil(cores: float) -> int:
    """Return how many of something are needed that may be at work for `BUSY` of its time."""
    return max(math.ceil(cores / BUSY), 1)


def _commits(numbers: Numbers) -> float:
    return numbers["catalog"]["team_commits_per_second"]


def _model_cores(events: float, runs: float, numbers: Numbers) -> int:
    """Return the cores that refresh models all day: a run's own cost, and that of new events."""
    busy = runs * 2 * numbers["model"]["run_seconds"]
    busy += events / 1e6 * numbers["model"]["core_seconds_per_million"]
    return _ceil(busy / DAY)


def _build(events: float, numbers: Numbers) -> str:
    return _bytes(events / 1e6 * numbers["model"]["full_build_gb_per_million"] * 1e9)


def _postgresql(commits: float, queries: float, company: Company, numbers: Numbers) -> str:
    """Return the processor time that the catalog's database needs in the busiest hour."""
    reads = queries / 3600 * 3 + PEAK * company.assets * RUNS_PER_DAY * 3 / DAY
    busy = PEAK * commits / DAY * numbers["catalog"]["postgresql_ms_per_commit"]
    busy += reads * numbers["catalog"]["postgresql_ms_per_read"]
    return f"{busy / 1000:.2f} cores"


def _share(share: float) -> str:
    return f"{100 * share:,.0f} % of its time" if share < 1 else f"{share:,.1f} times over"


def _big(number: float) -> str:
    for size, name in ((1e9, "billion"), (1e6, "million")):
        if number >= size:
            return f"{number / size:,.1f} {name}"
    return f"{number:,.0f}"


def _bytes(size: float) -> str:
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")):
        if size >= unit:
            return f"{size / unit:,.1f} {name}"
    return f"{size / 1e3:,.0f} kB"


def _rate(bytes_per_second: float) -> str:
    return f"{8 * bytes_per_second / 1e6:,.1f} Mbit/s"


def _span(seconds: float) -> str:
    return f"{seconds / 60:,.1f} min" if seconds >= 120 else f"{seconds:,.1f} s"


if __name__ == "__main__":
    print(table(), walls(), sep="\n\n")
