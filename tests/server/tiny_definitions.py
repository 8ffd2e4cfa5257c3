"""A project of three assets for tests of the running platform; it notes each import of itself.

`first` notes that it ran, `slow` sleeps while a file named `hold` is in the data folder, `last`
comes after it.
"""

import gc
import os
import time

import dagster as dg

from resources.settings import settings

DATA = settings().data
DATA.mkdir(parents=True, exist_ok=True)


def note(name: str, words: object) -> None:
    """Append one line to a file in the data folder."""
    with (DATA / name).open("a") as file:
        file.write(f"{words}\n")


note("imports.txt", os.getpid())


@dg.asset
def first() -> dg.MaterializeResult:
    """Note that it ran."""
    note("first.txt", os.getpid())
    note("frozen.txt", gc.get_freeze_count())
    return dg.MaterializeResult(metadata={"dagster/row_count": 12345})


@dg.asset(deps=[first])
def slow() -> None:
    """Note that it started, and wait for as long as it is held."""
    note("slow.txt", os.getpid())
    while (DATA / "hold").exists():
        time.sleep(0.05)


@dg.asset(deps=[slow])
def last() -> None:
    """Come last."""


@dg.sensor(
    target=[first], minimum_interval_seconds=5, default_status=dg.DefaultSensorStatus.RUNNING
)
def watch(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Ask for a run when the file `ask` is there."""
    if (DATA / "ask").exists():
        return dg.RunRequest(run_key="asked")
    return dg.SkipReason("nobody asked")


defs = dg.Definitions(assets=[first, slow, last], sensors=[watch], executor=dg.in_process_executor)
