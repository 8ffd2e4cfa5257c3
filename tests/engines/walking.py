"""The sample company, walked on the engine of this process's settings: a process of its own.

    python -m tests.engines.walking <deliveries>

What belongs here: the steps, in one process, because starting up costs more than a step does. What
does not: what must come out of them (the tests).
"""

import json
import os
import sys
from pathlib import Path

from dagster import DagsterInstance

from platform_assets.commands import execution
from platform_assets.commands.execution import Outcome
from platform_assets.server.home import DEFINITIONS_MODULE, Home
from resources.settings import settings
from resources.warehouse import Warehouse
from tests.long import LONG

EVERYTHING = "*" if LONG else 'not group:"product"'
# Of each step what lands before it, if anything, and what is materialized. Where nothing has
# landed, tables must stay as they are; a report is made, and a key result measured, all the same.
STEPS = {"first": ("first", EVERYTHING)}
if LONG:
    STEPS |= {
        "increment": ("second", EVERYTHING),
        "again": ("", 'not key:"report/*" and not key:"key_result/*" and not key:"product/*"'),
    }


def land(delivery: Path) -> None:
    """Let what a delivery has more than the one before it land, as the same bytes and times."""
    data = settings().data
    for file in sorted(path for path in delivery.rglob("*") if path.is_file()):
        target = data / file.relative_to(delivery)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists() and target.samefile(file):
            continue
        part = target.parent / f".{target.name}.part"
        os.link(file, part)
        part.rename(target)


def materialize(selection: str) -> Outcome:
    """Materialize what is selected, in one run."""
    defs = execution.load_definitions(DEFINITIONS_MODULE)
    with DagsterInstance.get() as instance:
        keys = execution.resolve(defs, selection)
        return execution.execute(DEFINITIONS_MODULE, keys, instance, on_event=lambda *_: None)


def told(outcome: Outcome) -> dict[str, object]:
    """Return what the tests ask of a step, as JSON has it."""
    return {
        "success": outcome.success and not outcome.failed,
        "seconds": outcome.seconds,
        "rows": {key: asset.rows for key, asset in outcome.assets.items()},
        "messages": [f"{a.key}: {a.message}" for a in outcome.assets.values() if a.message],
        "checks": {
            f"{check.asset} {check.name}": [check.passed, check.severity, check.description]
            for check in outcome.checks
        },
        "snapshot": Warehouse.from_settings().snapshot(),
    }


def main(deliveries: Path) -> None:
    """Walk the steps; what became of each is in `walked.json` in the data folder."""
    home = Home.from_settings()
    home.enter()
    steps = {}
    for step, (delivery, selection) in STEPS.items():
        if delivery:
            land(deliveries / delivery)
        steps[step] = told(materialize(selection))
        (home.data / "walked.json").write_text(json.dumps(steps, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
