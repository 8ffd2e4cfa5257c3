"""Concurrency pools: which engine's places a step takes while it works.

What belongs here: the names of pools and their limits. What does not: how many runs there are at
once (`dagster.yaml`, and the workers of the queue). Places that a killed run has left occupied are
freed some seconds after its end: `run_monitoring` in `dagster.yaml`.
"""

from dagster import DagsterInstance

from resources.settings import Settings, settings

LAKE, SPARK = "lake", "spark"


def engine_pool(s: Settings | None = None) -> str | None:
    """Return the pool of whatever writes to the warehouse; None where nothing limits it.

    The writers of an embedded lake take turns by its own lock, which costs less than a pool.
    """
    return next(iter(_engine(s or settings())), None)


def _engine(s: Settings) -> dict[str, int]:
    """Return the pool of the engine that does the work, with its limit."""
    embedded = s.warehouse.startswith("ducklake:///")
    found = {SPARK: s.spark_pool} if s.spark_url else {LAKE: 0 if embedded else s.lake_pool}
    return {name: limit for name, limit in found.items() if limit}


def database_pool(source: str, s: Settings | None = None) -> str | None:
    """Return the pool of the steps that read one source database; None where nothing limits it."""
    return f"database_{source}" if (s or settings()).database_pool else None


def set_limits(instance: DagsterInstance, s: Settings | None = None) -> None:
    """Give the pools of engines their limits; those of databases have the instance's default."""
    known = {pool.name: pool for pool in instance.event_log_storage.get_pool_limits()}
    for name, limit in _engine(s or settings()).items():
        if name not in known or known[name].limit != limit or known[name].from_default:
            instance.event_log_storage.set_concurrency_slots(name, limit)
