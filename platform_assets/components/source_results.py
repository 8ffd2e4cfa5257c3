"""What a load tells Dagster: metadata of the materialization, and the source's checks."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import duckdb

from platform_assets.components import platform_tables
from platform_assets.ingestion import health
from platform_assets.ingestion.declaration import QuarantineLimits
from platform_assets.inventory.landed import NOT_DECLARED, SCHEMA, declaration
from resources.warehouse import Warehouse
from resources.warehouse.connection import identifier

CHECKS = {
    "rows_accounted_for": "Every record read is loaded or in quarantine, and still there.",
    "quarantine_share": "Few records of the newest loads could not be loaded.",
    "schema_drift": "No column of the newest loads vanished, was refused or changed its type.",
    "volume": "The newest load is about as large as those before it.",
    "data_freshness": "The newest event, not only the last run, is recent.",
}


def check_specs(key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """Return the checks that every raw table carries."""
    return [dg.AssetCheckSpec(name, asset=key, description=text) for name, text in CHECKS.items()]


def allowed_age(spec: dg.AssetSpec) -> timedelta:
    """Return the age at which the asset's freshness policy fails."""
    policy = spec.freshness_policy
    seconds = getattr(policy, "fail_window", None)
    return timedelta(days=2) if seconds is None else seconds.to_timedelta()


def last_load(warehouse: Warehouse) -> int:
    """Return the number of the newest load of all."""
    with warehouse.reading() as connection:
        row = connection.execute(
            "SELECT coalesce(max(load_id), 0) FROM lake.platform.ledger"
        ).fetchone()
    assert row is not None
    return int(row[0])


def materialization(
    context: dg.AssetExecutionContext,
    warehouse: Warehouse,
    spec: dg.AssetSpec,
    table: str,
    *,
    after_load: int,
    limits: QuarantineLimits,
    stale_after: timedelta,
    metadata: Mapping[str, Any],
    even: bool = True,
) -> dg.MaterializeResult[None]:
    """Return the result of loading `raw.<table>`: what is in it now, what changed, its checks.

    The platform's own tables, which the load has written too, are reported on the way.
    """
    for event in platform_tables.materializations(warehouse):
        context.log_event(event)
    with warehouse.reading() as connection:
        outcomes = health.checks(
            connection,
            table,
            after_load=after_load,
            limits=limits,
            stale_after=stale_after,
            now=datetime.now(UTC),
            even=even,
        )
        present = _present(connection, table, spec)
    return dg.MaterializeResult(
        asset_key=spec.key,
        metadata={**present, **metadata},
        check_results=[_result(spec.key, outcome) for outcome in outcomes],
    )


def _present(
    connection: duckdb.DuckDBPyConnection, table: str, spec: dg.AssetSpec
) -> dict[str, Any]:
    """Return rows, columns and newest drift of a raw table, as metadata."""
    columns = connection.execute(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = 'lake' "
        "AND schema_name = 'raw' AND table_name = ? ORDER BY column_index",
        [table],
    ).fetchall()
    rows = 0
    if columns:
        counted = connection.execute(f"SELECT count(*) FROM lake.raw.{identifier(table)}")
        rows = int((counted.fetchone() or (0,))[0])
    changes = connection.execute(
        "SELECT seen_at, file, column_name, change, before, after FROM lake.platform.drift "
        "WHERE source = ? ORDER BY load_id DESC, column_name LIMIT 50",
        [table],
    ).fetchall()
    return {
        "dagster/row_count": rows,
        SCHEMA: dg.TableSchema(columns=_columns(connection, table, columns, spec)),
        **({"schema_changes": _changes(changes)} if changes else {}),
    }


def _columns(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: Sequence[tuple[str, str]],
    spec: dg.AssetSpec,
) -> list[dg.TableColumn]:
    """Return a raw table's columns; one that is not declared says so, since when, and how it is.

    Where no column is declared, as a source made in Python may have it, nothing is said of any.
    """
    schema = spec.metadata.get(SCHEMA)
    declared = {column.name.lower() for column in schema.columns} if schema else set()
    if not declared or all(name.lower() in declared for name, _ in columns):
        return [dg.TableColumn(name=name, type=kind.lower()) for name, kind in columns]
    added, first = _since(connection, table)
    return [
        dg.TableColumn(name=name, type=kind.lower())
        if name.lower() in declared
        else _undeclared(name, kind.lower(), added.get(name, first))
        for name, kind in columns
    ]


def _since(
    connection: duckdb.DuckDBPyConnection, table: str
) -> tuple[dict[str, datetime], datetime | None]:
    """Return when each column was added to a raw table, and when it was loaded first.

    What the first file of all brings is no drift.
    """
    added = connection.execute(
        "SELECT column_name, min(seen_at) FROM lake.platform.drift WHERE source = ? "
        "AND change IN ('column_added', 'column_renamed') GROUP BY column_name",
        [table],
    ).fetchall()
    first = connection.execute(
        "SELECT min(loaded_at) FROM lake.platform.ledger WHERE source = ?", [table]
    ).fetchone()
    return dict(added), first[0] if first else None


def _undeclared(name: str, kind: str, since: datetime | None) -> dg.TableColumn:
    there = since.astimezone(UTC).isoformat(timespec="seconds") if since else ""
    text = "Not declared" + (f"; here since {there[:16].replace('T', ' ')} UTC" if there else "")
    text += f". To declare it, add below `columns:` of its source: `{declaration(name, kind)}`"
    return dg.TableColumn(name=name, type=kind, description=text, tags={NOT_DECLARED: there})


def _result(key: dg.AssetKey, outcome: health.Outcome) -> dg.AssetCheckResult:
    error = outcome.severity == "error"
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=outcome.name,
        passed=outcome.passed,
        severity=dg.AssetCheckSeverity.ERROR if error else dg.AssetCheckSeverity.WARN,
        description=outcome.description,
        metadata=outcome.metadata,
    )


def _changes(rows: Sequence[tuple[Any, ...]]) -> dg.MetadataValue[Any]:
    names = ("seen_at", "file", "column", "change", "before", "after")
    return dg.MetadataValue.table(
        records=[
            dg.TableRecord(
                {n: str(v) if v is not None else "" for n, v in zip(names, row, strict=True)}
            )
            for row in rows
        ]
    )
