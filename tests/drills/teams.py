"""A team's machine that loads and builds as often as it is told to.

    python -m tests.drills.teams <folder> <name> <rounds>

What belongs here: the process, with the settings and the data folder of its environment. What does
not: who else is at work on the lake, and what must come of it (the tests).
"""

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

import yaml

from platform_assets.ingestion import files
from platform_assets.ingestion.declaration import Column, FileDeclaration, FileFormat
from resources.dbt import DbtProject
from resources.errors import PlatformError
from resources.landing import Landing
from resources.settings import PROJECT_ROOT, settings
from resources.warehouse import Warehouse
from tests.server.running import wait_for

PATIENCE = 600  # seconds
SOURCES = ("web_events", "app_events", "google_ads")
# Incremental models that rest on each other, a view, and tables that are made anew each time.
MODELS = (
    "stg_web_events",
    "int_identity",
    "int_sessions",
    "stg_google_ads",
    "quarantine_reasons",
    "source_health",
)
START = "start-{}"  # a file of this name lets all machines start a round, at the same moment


def declaration(source: str) -> FileDeclaration:
    """Return a source of files as the sample company declares it."""
    place = PROJECT_ROOT / "platform_assets" / "defs" / "sources" / source / "defs.yaml"
    said = yaml.safe_load(place.read_text())["attributes"]
    return FileDeclaration(
        name=source,
        glob=said["glob"],
        format=FileFormat(**said["format"]),
        columns=[Column(**column) for column in said["columns"]],
        event_time=said["event_time"],
    )


def work(models: tuple[str, ...]) -> dict[str, Any]:
    """Load what is pending and build the models once; return what was loaded and what failed."""
    warehouse, landing = Warehouse.from_settings(), Landing(settings().landing)
    told: dict[str, Any] = {"loaded": 0, "failed": [], "at": time.time()}
    for source in SOURCES:
        told["loaded"] += files.ingest(warehouse, landing, declaration(source)).rows_loaded
    for result in DbtProject.from_settings().build(models):
        if result.status != "success":
            told["failed"].append(f"{result.unique_id}: {result.status} {result.message}")
    return told


def main(folder: Path, name: str, rounds: int) -> None:
    """Work so many rounds, each when it is started; each is a line of `<folder>/<name>.jsonl`."""
    # Under faketime, which knows no sleep until a moment of the clock that only counts, this works.
    time.sleep = lambda seconds: threading.Event().wait(seconds) and None
    DbtProject.from_settings().warm()
    with (folder / f"{name}.jsonl").open("w") as told:
        for number in range(rounds):
            wait_for((folder / START.format(number)).exists, PATIENCE)
            try:
                line = work(MODELS)
            except PlatformError as error:
                line = {"loaded": 0, "failed": [str(error)], "at": time.time()}
            print(json.dumps(line), file=told, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
