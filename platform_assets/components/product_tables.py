"""Tables of the schema `product` as assets: what is stamped on each of them alike.

What belongs here: from a table's name, columns and meaning to its asset. What does not: which
tables there are (`product.rows_tables`, `care.rows`), making them (the components beside this one).
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import dagster as dg

from platform_assets.policy import Freshness, line_of, stamp
from platform_assets.product import rows_lake
from platform_assets.product.rows_tables import Column, Table

DOMAIN = "product"


def key_of(table: Table) -> dg.AssetKey:
    """Return the key of a table's asset."""
    return dg.AssetKey([rows_lake.SCHEMA, table.name])


def table_spec(
    table: Table,
    owner: str,
    freshness: Freshness,
    file: Path,
    declared: str = "",
    kinds: Iterable[str] = (),
    **more: Any,
) -> dg.AssetSpec:
    """Return the asset of a table, with what the policy asks of every asset.

    Args:
        file: what declares it, in the line where `type:` names the component `declared`.
        kinds: of the asset, besides that of the lake.
        more: of `AssetSpec`.
    """
    return stamp(
        dg.AssetSpec(key_of(table), description=table.description, **more),
        layer=DOMAIN,
        domain=DOMAIN,
        kinds={"ducklake", *kinds},
        table=f"lake.{rows_lake.SCHEMA}.{table.name}",
        file=file,
        line=line_of(file, rf"^type:.*{declared}"),
        owners=[owner],
        freshness=freshness.policy(),
        columns=[_column(each) for each in table.columns],
        metadata={"title": table.title},
    )


def _column(column: Column) -> dg.TableColumn:
    return dg.TableColumn(
        name=column.name,
        type=column.type.lower(),
        description=column.meaning,
        tags={"personal": "true"} if column.personal else {},
    )
