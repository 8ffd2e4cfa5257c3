"""Checks of a raw table, read from the ledger: is everything accounted for, sane and fresh?

Plain facts, no Dagster: a component turns them into asset checks. What does not belong here:
tests of modelled tables, which are dbt's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import duckdb

from platform_assets.ingestion.declaration import QuarantineLimits

HISTORY = 30  # loads that the newest one is compared with
FEWEST = 5  # loads below which there is no history to speak of
FACTOR = 5.0  # how many times more, or fewer, rows than the median is worth a warning


@dataclass(frozen=True)
class Outcome:
    """One check's answer; `severity` is `warn` or `error`."""

    name: str
    passed: bool
    severity: str
    description: str
    metadata: dict[str, Any] = field(default_factory=dict)


def checks(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    *,
    after_load: int,
    limits: QuarantineLimits,
    stale_after: timedelta,
    now: datetime,
    even: bool = True,
) -> list[Outcome]:
    """Return every check of raw table `source`.

    Args:
        connection: reads the lake.
        source: the raw table's name.
        after_load: checks of the newest loads look at loads with a larger number than this.
        limits: shares of quarantined records that warn and fail.
        stale_after: how old the newest event may be.
        now: the time to measure lateness from.
        even: whether loads are about equally large, so that one that is not is worth a warning.
    """
    one = _reader(connection)
    return [
        _accounted(one, source),
        _quarantined(one, source, after_load, limits),
        _drift(one, source, after_load),
        _volume(one, source, after_load, even),
        data_freshness(connection, source, stale_after=stale_after, now=now),
    ]


def data_freshness(
    connection: duckdb.DuckDBPyConnection, source: str, *, stale_after: timedelta, now: datetime
) -> Outcome:
    """Check that the newest *event* is recent: a load that brings only old data is not fresh."""
    (newest,) = _reader(connection)(
        "SELECT max(max_event_at) FROM lake.platform.ledger WHERE source = ?", [source]
    )
    if newest is None:
        return Outcome(
            "data_freshness", True, "warn", "The source names no event time, or has no rows yet."
        )
    age = now - newest
    return Outcome(
        "data_freshness",
        age <= stale_after,
        "warn",
        f"The newest event is {_hours(age)} old; {_hours(stale_after)} are allowed.",
        {"newest_event": newest.isoformat(), "age_hours": round(age.total_seconds() / 3600, 2)},
    )


Reader = Callable[[str, Sequence[Any]], tuple[Any, ...]]


def _reader(connection: duckdb.DuckDBPyConnection) -> Reader:
    def one(sql: str, values: Sequence[Any]) -> tuple[Any, ...]:
        row = connection.execute(sql, list(values)).fetchone()
        assert row is not None
        return tuple(row)

    return one


def _accounted(one: Reader, source: str) -> Outcome:
    found, loaded, quarantined, unbalanced = one(
        """SELECT coalesce(sum(rows_in_file), 0), coalesce(sum(rows_loaded), 0),
                  coalesce(sum(rows_quarantined), 0),
                  count(*) FILTER (rows_in_file <> rows_loaded + rows_quarantined)
           FROM lake.platform.ledger WHERE source = ?""",
        [source],
    )
    # A snapshot replaces what was there: what counts is loaded since the newest one.
    expected = one(
        """SELECT coalesce(sum(rows_loaded), 0) FROM lake.platform.ledger
           WHERE source = $1 AND load_id >= (
             SELECT coalesce(max(load_id), 0) FROM lake.platform.ledger
             WHERE source = $1 AND kind = 'table' AND cursor_to IS NULL AND status = 'loaded')""",
        [source],
    )[0]
    name = '"' + source.replace('"', '""') + '"'
    (exists,) = one(
        "SELECT count(*) FROM duckdb_columns() WHERE database_name = 'lake' "
        "AND schema_name = 'raw' AND table_name = ?",
        [source],
    )
    present = one(f"SELECT count(*) FROM lake.raw.{name}", [])[0] if exists else 0
    (kept,) = one("SELECT count(*) FROM lake.platform.quarantine WHERE source = ?", [source])
    passed = unbalanced == 0 and present == expected and kept >= quarantined
    return Outcome(
        "rows_accounted_for",
        passed,
        "error",
        f"{found:,} records read = {loaded:,} loaded + {quarantined:,} quarantined; "
        f"the table holds {present:,}, the ledger says {expected:,}.",
        {"read": found, "loaded": loaded, "quarantined": quarantined, "in_table": present},
    )


def _quarantined(one: Reader, source: str, after: int, limits: QuarantineLimits) -> Outcome:
    """Compare the bad records of the new loads with the limits.

    A handful of records has no share worth the name (one bad of two is half): it fails by the
    number that would fail the smallest load that counts.
    """
    rows, bad, files = one(
        """SELECT coalesce(sum(rows_in_file), 0), coalesce(sum(rows_quarantined), 0),
                  count(*) FILTER (status = 'quarantined')
           FROM lake.platform.ledger WHERE source = ? AND load_id > ?""",
        [source, after],
    )
    share = bad / rows if rows else 0.0
    failed = bad > limits.error_above * max(rows, limits.min_records)
    passed = not failed and share <= limits.warn_above and files == 0
    return Outcome(
        "quarantine_share",
        passed,
        "error" if failed else "warn",
        f"{bad:,} of {rows:,} new records ({share:.3%}) and {files:,} whole files are in "
        f"quarantine; warns above {limits.warn_above:.3%}, fails above {limits.error_above:.3%} "
        f"of at least {limits.min_records:,} records.",
        {"quarantined": bad, "records": rows, "share": share, "whole_files": files},
    )


def _drift(one: Reader, source: str, after: int) -> Outcome:
    (changes,) = one(
        """SELECT list(DISTINCT column_name || ': ' || change) FROM lake.platform.drift
           WHERE source = ? AND load_id > ? AND change <> 'column_added'""",
        [source, after],
    )
    told = sorted(changes or [])
    return Outcome(
        "schema_drift",
        not told,
        "warn",
        "; ".join(told[:20]) or "No column vanished, was refused or changed its type.",
        {"changes": told},
    )


def _volume(one: Reader, source: str, after: int, even: bool) -> Outcome:
    """Compare the newest load with the median of those before it; warn of files that are cut."""
    (cut,) = one(
        """SELECT count(*) FROM lake.platform.ledger
           WHERE source = ? AND load_id > ? AND reason LIKE 'cut by its sender%'""",
        [source, after],
    )
    if cut:
        return Outcome(
            "volume",
            False,
            "warn",
            f"Files of the newest loads that end where their sender cuts them: {cut:,}. "
            "What lies beyond is missing.",
            {"cut_files": cut},
        )
    if not even:
        return Outcome("volume", True, "warn", "Files of this source are of any size.")
    newest, usual, loads = one(
        """WITH last AS (
             SELECT rows_in_file, row_number() OVER (ORDER BY load_id DESC, file DESC) AS n
             FROM lake.platform.ledger WHERE source = ? AND status = 'loaded'
           )
           SELECT max(rows_in_file) FILTER (n = 1), median(rows_in_file) FILTER (n > 1),
                  count(*) FILTER (n > 1)
           FROM last WHERE n <= ?""",
        [source, HISTORY + 1],
    )
    if loads < FEWEST or not usual:
        return Outcome("volume", True, "warn", f"{loads} earlier loads: no history yet.")
    ratio = newest / usual
    return Outcome(
        "volume",
        1 / FACTOR <= ratio <= FACTOR,
        "warn",
        f"The newest load has {newest:,} records, {ratio:.2f} times the median of {loads} before.",
        {"records": newest, "median": usual, "ratio": round(ratio, 3)},
    )


def _hours(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    return f"{hours:.1f} h" if hours < 72 else f"{hours / 24:.1f} days"
