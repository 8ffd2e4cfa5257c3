"""Assets for tests of the commands: good ones, and some that fail when a file says so."""

import os

import dagster as dg

from resources.errors import PlatformError
from resources.settings import settings


@dg.asset(
    key=["raw", "events"],
    check_specs=[dg.AssetCheckSpec("complete", asset=dg.AssetKey(["raw", "events"]))],
)
def events() -> dg.MaterializeResult:
    """Rows, and a check whose severity and result are the name of a file."""
    print("printed by an asset")
    os.write(1, b"written by a library\n")
    warns, errs = flag("warn"), flag("error")
    severity = dg.AssetCheckSeverity.ERROR if errs else dg.AssetCheckSeverity.WARN
    check = dg.AssetCheckResult(
        passed=not (warns or errs), severity=severity, description="3 of 4 rows"
    )
    return dg.MaterializeResult(metadata={"dagster/row_count": 12345}, check_results=[check])


@dg.asset(key=["staging", "events"], deps=[events])
def staging() -> None:
    """Fails while the file `fail` is there."""
    if flag("fail"):
        try:
            _ = 1 / 0
        except ZeroDivisionError as error:
            raise ValueError("the model is wrong") from error


@dg.asset(key=["marts", "daily"], deps=[staging])
def daily() -> int:
    """A value that is stored by the I/O manager."""
    return 7


@dg.asset(key=["marts", "weekly"], ins={"daily": dg.AssetIn(key=["marts", "daily"])})
def weekly(daily: int) -> dg.MaterializeResult:
    """Reads what another run stored."""
    return dg.MaterializeResult(metadata={"dagster/row_count": daily * 7, "seconds": 1.5})


@dg.asset(key=["marts", "other"], deps=[events])
def other() -> None:
    """Does not depend on staging. Fails in words for people while the file `refuse` is there."""
    if flag("refuse"):
        raise PlatformError("There is no such place.", hint="Name another one.")


def flag(name: str) -> bool:
    """Return whether the file `name` is in the data folder."""
    return (settings().data / name).exists()


defs = dg.Definitions(
    assets=[events, staging, daily, weekly, other],
    executor=dg.in_process_executor,
)
