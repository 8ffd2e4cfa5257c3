"""A project for tests of runs on several machines; what it does is noted in one shared folder.

`first` notes that it ran and where, `slow` waits while the file `hold-<run>` or `hold` is there,
`last` comes after it; `leaky` tells secrets when it is asked to. The name of the data folder is
that of the machine.
"""

import logging
import os
import time
from pathlib import Path

import dagster as dg

from platform_assets.pools import database_pool
from resources.settings import settings

SHARED = Path(os.environ["TEST_SHARED_DIR"])
MACHINE = settings().data.name


def note(name: str, words: object) -> None:
    """Append one line to a file in the shared folder."""
    with (SHARED / name).open("a") as file:
        file.write(f"{words}\n")


@dg.asset
def first(context: dg.AssetExecutionContext) -> None:
    """Note which run it ran in, and where."""
    note("first.txt", f"{context.run.run_id} {MACHINE}")


@dg.asset(deps=[first], pool=database_pool("shop"))
def slow(context: dg.AssetExecutionContext) -> None:
    """Note that it started, and wait for as long as it is held."""
    run = context.run.root_run_id or context.run.run_id
    note("slow.txt", f"{run} {MACHINE}")
    while (SHARED / "hold").exists() or (SHARED / f"hold-{run}").exists():
        time.sleep(0.05)


@dg.asset(deps=[slow])
def last(context: dg.AssetExecutionContext) -> None:
    """Note that it came last."""
    note("last.txt", f"{context.run.root_run_id or context.run.run_id} {MACHINE}")


@dg.asset(check_specs=[dg.AssetCheckSpec("told", asset="leaky")])
def leaky(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """Tell all secrets in every way there is while the file `leak` is there, and fail."""
    secrets = " and ".join(v for k, v in sorted(os.environ.items()) if k.startswith("PLATFORM_"))
    if not (SHARED / "leak").exists():
        return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=True)])
    context.log.error("log: %s", secrets)
    logging.getLogger("library").error("library: %s", secrets)
    context.log_event(dg.AssetObservation("leaky", metadata={"url": secrets}))
    try:
        raise ValueError(secrets)
    except ValueError as error:
        raise RuntimeError(f"while telling {secrets}") from error


defs = dg.Definitions(assets=[first, slow, last, leaky], executor=dg.in_process_executor)
