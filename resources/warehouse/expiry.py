"""Expiry: snapshots that nobody needs, and then the files that no snapshot needs.

What belongs here: which snapshots go, and deleting files that DuckLake has scheduled for it. What
does not: files that DuckLake never knew (`orphans`).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from resources.warehouse import Warehouse, lake_files
from resources.warehouse.compaction import inlined
from resources.warehouse.connection import identifier
from resources.warehouse.system_tables import CATALOG

TURN = "maintenance"
SNAPSHOTS_AT_ONCE = 250  # of one transaction: less than a second under the write lock
FILES_AT_ONCE = 500


@dataclass
class Removed:
    """Files that were deleted, and what is left where it was looked for them."""

    files: int = 0
    bytes: int = 0
    files_left: int = 0
    bytes_left: int = 0


def expire(warehouse: Warehouse, older_than: timedelta, keep: Collection[int]) -> int:
    """Let go of snapshots, and return how many.

    Kept are all that are younger, what the lake was like that long ago, the newest one, and `keep`.
    Can be killed at any moment; the next run goes on.

    Args:
        older_than: age from which a snapshot goes.
        keep: snapshots that something rests on.
    """
    with warehouse.reading() as connection:
        snapshots = connection.execute(
            "SELECT snapshot_id, snapshot_time FROM lake.snapshots() ORDER BY snapshot_id"
        ).fetchall()
    gone = unneeded(snapshots, datetime.now(UTC) - older_than, keep)
    for start in range(0, len(gone), SNAPSHOTS_AT_ONCE):
        with warehouse.write(TURN) as connection:
            connection.execute(
                "CALL ducklake_expire_snapshots('lake', versions => "
                f"{gone[start : start + SNAPSHOTS_AT_ONCE]})"
            )
    _forget_rows(warehouse)
    return len(gone)


def _forget_rows(warehouse: Warehouse) -> None:
    """Delete rows that the catalog itself holds and no snapshot has: DuckLake leaves them there."""
    with warehouse.reading() as connection:
        tables = [each.name for each in inlined(connection) if each.dead]
    for name in tables:
        with warehouse.write(TURN) as connection:
            connection.execute(
                f"DELETE FROM {CATALOG}.{identifier(name)} AS held WHERE end_snapshot IS NOT NULL "
                f"AND NOT EXISTS (FROM {CATALOG}.ducklake_snapshot s "
                "WHERE s.snapshot_id >= begin_snapshot AND s.snapshot_id < end_snapshot)"
            )


def unneeded(
    snapshots: list[tuple[int, datetime]], limit: datetime, keep: Collection[int]
) -> list[int]:
    """Return the snapshots that go: older than `limit`, but not the last that is, nor in `keep`.

    Args:
        snapshots: number and time of each, in their order.
    """
    old = [number for number, at in snapshots if at < limit]
    return [number for number in old[:-1] if number not in keep]


def clean_up(warehouse: Warehouse, older_than: timedelta) -> Removed:
    """Delete files that no snapshot needs since `older_than`, so that no reader has them open.

    DuckLake's own function compares days only where the catalog is SQLite: it deletes what was
    given up a moment ago, under the hands of who reads it.
    """
    limit, removed = datetime.now(UTC) - older_than, Removed()
    root = warehouse.data_path
    with warehouse.reading() as connection:
        scheduled = connection.execute(
            f"SELECT path, CAST(path_is_relative AS BOOLEAN) FROM {CATALOG}."
            "ducklake_files_scheduled_for_deletion WHERE CAST(schedule_start AS TIMESTAMPTZ) < ?",
            [limit],
        ).fetchall()
    if not scheduled:
        return removed
    sizes = {f"{root}/{found.path}": found.bytes for found in lake_files.listed(root)}
    for start in range(0, len(scheduled), FILES_AT_ONCE):
        some = scheduled[start : start + FILES_AT_ONCE]
        files = [f"{root}/{path}" if relative else path for path, relative in some]
        with warehouse.write(TURN) as connection:
            # First the files: killed between the two, the next run finds the rows.
            lake_files.remove(root, files)
            connection.execute(
                f"DELETE FROM {CATALOG}.ducklake_files_scheduled_for_deletion "
                "WHERE list_contains(?, path)",
                [[path for path, _ in some]],
            )
        there = [sizes[file] for file in files if file in sizes]
        removed.files += len(there)
        removed.bytes += sum(there)
    return removed
