"""Two machines of a team that load the same files and build the same models at the same time.

What belongs here: starting them, what lands meanwhile, and what the lake must hold in the end. What
does not: what a machine does (`teams`), and what is wrong with it (the tests).
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from platform_assets.sample import SampleConfig, generate
from resources.settings import PROJECT_ROOT
from resources.warehouse import Warehouse
from tests import lakes
from tests.drills import teams
from tests.server.running import wait_for

START = date(2026, 2, 2)
DAYS = (8, 15)  # of each delivery; the first exports of a Monday are among the first
# Which load brought or changed a row last depends on who came first, and when on the clock.
OF_A_RUN = {
    "_load_id",
    "_loaded_at",
    "identity_load_id",
    "loads",
    "first_load_at",
    "newest_load_at",
    "newest_drift_at",
    "lateness_minutes",
}
TABLES = (
    "raw.web_events",
    "raw.app_events",
    "raw.google_ads",
    "staging.stg_web_events",
    "staging.stg_google_ads",
    "intermediate.int_identity",
    "intermediate.int_sessions",
    "marts.quarantine_reasons",
    "marts.source_health",
)


@dataclass
class Team:
    """A machine of a team: a process with a data folder of its own."""

    name: str
    folder: Path
    process: subprocess.Popen[bytes]

    def rounds(self) -> list[dict[str, Any]]:
        """Return what it has said of its rounds so far."""
        path = self.folder / f"{self.name}.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def busy(self) -> bool:
        """Whether it runs; fails with its words when it died."""
        log = (self.folder / f"{self.name}.log").read_text(errors="replace")
        assert self.process.poll() in (None, 0), log[-4000:]
        return self.process.poll() is None


def start(
    folder: Path, name: str, settings: dict[str, str], rounds: int, prefix: Sequence[str] = ()
) -> Team:
    """Start a team's machine; it works as many rounds as are started.

    Args:
        folder: what all machines share: the landing zone, and their words.
        prefix: a command that runs another, before it.
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PLATFORM_")}
    environment |= {
        **settings,
        "PLATFORM_LANDING_URL": str(folder / "landing"),
        "PLATFORM_DATA_DIR": str(folder / f"data-{name}"),
        "PLATFORM_MODEL_MEMORY_LIMIT": "1GB",
    }
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [*prefix, sys.executable, "-m", "tests.drills.teams", str(folder), name, str(rounds)],
            cwd=PROJECT_ROOT,
            env=environment,
            stdout=log,
            stderr=log,
        )
    return Team(name, folder, process)


def deliver(folder: Path, days: int) -> None:
    """Let everything land that the sample company has up to a day."""
    config = SampleConfig(days, 150, 8, START + timedelta(days=days))
    generate(folder / "landing", folder / "sample" / "shop.sqlite", config)


def work_together(running: Sequence[Team], folder: Path) -> None:
    """Let the teams work a round at once after each delivery, and a last one after them all."""
    try:
        for number, days in enumerate((*DAYS, DAYS[-1])):
            deliver(folder, days)
            (folder / teams.START.format(number)).touch()
            wait_for(lambda done=number + 1: _have_done(running, done), teams.PATIENCE)
        for team in running:
            wait_for(lambda one=team: not one.busy(), teams.PATIENCE)
    finally:
        for team in running:
            team.process.kill()


def _have_done(running: Sequence[Team], rounds: int) -> bool:
    for team in running:
        team.busy()
    return all(len(team.rounds()) == rounds for team in running)


def tables(warehouse: Warehouse) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of every table in a fixed order, without what is of a run's own."""
    found = {}
    with warehouse.reading() as lake:
        for table in TABLES:
            columns = [row[0] for row in lake.execute(f"DESCRIBE {table}").fetchall()]
            own = OF_A_RUN | ({"first_seen_at", "last_seen_at"} if "quarantine" in table else set())
            kept = ", ".join(f'"{column}"' for column in columns if column not in own)
            found[table] = lake.execute(f"SELECT {kept} FROM {table} ORDER BY ALL").fetchall()
    return found


@dataclass(frozen=True)
class Alone:
    """What one machine makes of all deliveries at once, on an embedded lake.

    Attributes:
        parsed: dbt's folder of it; parsing a project costs more than a round of work.
    """

    tables: dict[str, list[tuple[Any, ...]]]
    parsed: Path


def alone(folder: Path) -> Alone:
    """Let one machine work, in a folder of its own."""
    deliver(folder, DAYS[-1])
    (folder / teams.START.format(0)).touch()
    settings = lakes.new_lake("embedded", folder)
    team = start(folder, "alone", settings, 1)
    wait_for(lambda: not team.busy(), teams.PATIENCE)
    assert team.rounds()[0]["failed"] == []
    warehouse = Warehouse(settings["PLATFORM_WAREHOUSE_URL"])
    return Alone(tables(warehouse), folder / "data-alone" / "dbt")


def ledger_is_in_order(warehouse: Warehouse) -> None:
    """Assert that each content is loaded once, and that loads are numbered as they committed."""
    with warehouse.reading() as lake:
        found = lake.execute(
            "SELECT source, sha256 FROM platform.ledger WHERE status = 'loaded' "
            "GROUP BY ALL HAVING count(*) > 1"
        ).fetchall()
        assert found == []
        loads = lake.execute(
            "SELECT count(DISTINCT load_id), min(load_id), max(load_id) FROM platform.ledger"
        ).fetchone()
        assert loads is not None and loads[1:] == (1, loads[0])
        wrong = lake.execute(
            "SELECT load_id FROM platform.ledger GROUP BY ALL "
            "HAVING count(DISTINCT (source, loaded_at)) > 1"
        ).fetchall()
        assert wrong == []


def drill(
    folder: Path,
    lake: dict[str, str],
    expected: Alone,
    prefixes: Sequence[Sequence[str]] = ((), ()),
) -> list[Team]:
    """Let teams work on one lake; assert that it holds what one machine makes, and return them.

    Args:
        prefixes: of each team, a command that runs another.
    """
    for n in range(len(prefixes)):
        shutil.copytree(expected.parsed, folder / f"data-team-{n}" / "dbt")
    running = [
        start(folder, f"team-{n}", lake, len(DAYS) + 1, each) for n, each in enumerate(prefixes)
    ]
    work_together(running, folder)
    for team in running:
        assert [line["failed"] for line in team.rounds() if line["failed"]] == [], team.name
    warehouse = Warehouse(lake["PLATFORM_WAREHOUSE_URL"])
    found = tables(warehouse)
    for table in TABLES:
        assert found[table] == expected.tables[table], table
    ledger_is_in_order(warehouse)
    loaded = sum(line["loaded"] for team in running for line in team.rounds())
    assert loaded == sum(len(found[table]) for table in TABLES if table.startswith("raw."))
    return running
