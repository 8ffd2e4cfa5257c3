"""The platform's own tables as assets: `platform/ledger`, `platform/quarantine`, `platform/drift`.

Every load writes them in its own transaction, so no step of theirs exists: each load reports them
as materialized, and what reads them (source health) is downstream of every raw table.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import dagster as dg

from platform_assets.policy import Freshness, line_of, stamp
from resources.warehouse import Warehouse, system_tables

DESCRIPTIONS = {
    "ledger": "One row per file, or per extraction of a database table, ever met: its content "
    "hash, its rows, what became of it and when. Written with the rows themselves.",
    "quarantine": "One row per record that could not be loaded, with file, line, reason and the "
    "text itself. Beware: it may hold personal data of whatever source it came from.",
    "drift": "One row per change of a source's columns or types: what changed, when, in which "
    "file.",
}


def specs(raw: Sequence[dg.AssetKey]) -> list[dg.AssetSpec]:
    """Return the specs of the platform's tables, downstream of every raw table."""
    file = Path(system_tables.__file__)
    return [
        stamp(
            dg.AssetSpec(["platform", table], deps=list(raw)),
            layer="platform",
            domain="platform",
            kinds={"ducklake"},
            table=f"lake.platform.{table}",
            file=file,
            line=line_of(file, rf'^    "{table}"'),
            owners=["team:data"],
            description=DESCRIPTIONS[table],
            freshness=Freshness(warn="26h", fail="50h").policy(),
            columns=[
                dg.TableColumn(name, kind.lower(), meaning)
                for name, (kind, meaning) in columns.items()
            ],
        )
        for table, columns in system_tables.TABLES.items()
    ]


def materializations(warehouse: Warehouse) -> Iterator[dg.AssetMaterialization]:
    """Yield what a load did to the platform's tables: their rows now."""
    with warehouse.reading() as connection:
        for table in system_tables.TABLES:
            row = connection.execute(f"SELECT count(*) FROM lake.platform.{table}").fetchone()
            yield dg.AssetMaterialization(
                asset_key=["platform", table],
                metadata={"dagster/row_count": row[0] if row else 0},
            )
