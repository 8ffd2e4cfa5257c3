"""Columns that landed undeclared: beside the declared ones, and how they are declared."""

from datetime import UTC, datetime

import dagster as dg
import pytest
import yaml

from platform_assets.components.source_fields import catalog_columns
from platform_assets.ingestion.declaration import Column as Declared
from platform_assets.inventory.health import Status
from platform_assets.inventory.landed import NOT_DECLARED, SCHEMA, Landed, declaration
from platform_assets.inventory.model import Asset, Column, Graph

SINCE = datetime(2026, 6, 1, 11, 30, tzinfo=UTC)
RAW = Asset("raw/orders", "source", columns=(Column("Total", "decimal(12,2)"), Column("_file")))
MART = Asset("marts/orders", "table", parents=("raw/orders",), columns=(Column("total"),))
GRAPH = Graph({asset.key: asset for asset in (RAW, MART)})


def loaded(*names: str) -> dict[str, Status]:
    """Return the statuses after a load: every asset tells of a column for each name."""
    columns = [
        dg.TableColumn(name=name, type="varchar", tags={NOT_DECLARED: SINCE.isoformat()})
        for name in names
    ]
    status = Status(metadata={SCHEMA: dg.TableSchema(columns)})
    return {"raw/orders": status, "marts/orders": status}


def test_what_only_the_load_of_a_source_tells_of_is_a_column_that_is_not_declared() -> None:
    found = Landed().join(GRAPH, loaded("total", "_file", "coupon")).assets
    total, file = RAW.columns
    coupon = Column("coupon", "string", declared=False, since=SINCE)
    assert found["raw/orders"].columns == (total, coupon, file)
    assert found["marts/orders"] is MART


def test_everything_stays_the_same_object_until_such_a_column_comes_or_goes() -> None:
    landed = Landed()
    assert landed.join(GRAPH, loaded("total")) is GRAPH and landed.version == 0
    first = landed.join(GRAPH, loaded("total", "coupon"))
    assert landed.join(GRAPH, loaded("total", "coupon")) is first and landed.version == 1
    other = Graph(dict(GRAPH.assets))
    again = landed.join(other, loaded("total", "coupon"))
    assert again is not first and again.assets["raw/orders"] is first.assets["raw/orders"]
    assert landed.version == 1
    assert landed.join(other, loaded("total")) is other and landed.version == 2


def test_a_load_that_does_not_say_since_when_tells_of_the_column_nevertheless() -> None:
    schema = dg.TableSchema([dg.TableColumn(name="coupon", type="varchar")])
    found = Landed().join(GRAPH, {"raw/orders": Status(metadata={SCHEMA: schema})})
    assert found.assets["raw/orders"].column("coupon") == Column("coupon", "string", declared=False)


@pytest.mark.parametrize(
    ("name", "type_", "wanted"),
    [
        ("coupon", "varchar", "string"),
        ("n", "bigint", "integer"),
        ("price", "decimal(12,2)", "decimal(12,2)"),
        ("at", "timestamp with time zone", "timestamp"),
        ("yes", "double", "number"),
        ('a: b, {c}\'s "d" é', "uuid", "string"),
    ],
)
def test_the_line_that_declares_a_column_is_a_declaration(
    name: str, type_: str, wanted: str
) -> None:
    line = declaration(name, type_)
    assert "\n" not in line
    (column,) = catalog_columns([Declared(**said) for said in yaml.safe_load(line)])[:1]
    assert (column.name, column.type) == (name, wanted)
