"""What a load tells Dagster of the columns of its raw table."""

from pathlib import Path

import dagster as dg

from platform_assets.components.source_fields import catalog_columns
from platform_assets.components.source_results import _present
from platform_assets.inventory.landed import NOT_DECLARED, SCHEMA
from tests.ingestion.zone import Zone, column, source


def told(zone: Zone) -> dict[str, dg.TableColumn]:
    """Return the columns that the newest load tells of, where `id` is declared."""
    columns = dg.TableSchema(catalog_columns([column("id")]))
    spec = dg.AssetSpec("events", metadata={SCHEMA: columns})
    with zone.warehouse.reading() as connection:
        return {c.name: c for c in _present(connection, "events", spec)[SCHEMA].columns}


def test_a_column_that_is_not_declared_says_so_and_since_when(tmp_path: Path) -> None:
    zone, declared = Zone(tmp_path), source("csv", [column("id")], glob="*.csv")
    zone.land("1.csv", b"ID,note\n1,x\n")
    zone.load(declared)
    zone.land("2.csv", b"id,note,coupon\n2,y,SUMMER\n")
    zone.load(declared)
    times = zone.query("SELECT DISTINCT loaded_at FROM platform.ledger ORDER BY 1")
    first, second = (f"{at:%Y-%m-%d %H:%M}" for (at,) in times)
    found = told(zone)
    undeclared = {name: c for name, c in found.items() if NOT_DECLARED in c.tags}
    assert set(undeclared) == {"note", "coupon"} and len(found) == 8
    for name, at in (("note", first), ("coupon", second)):
        assert undeclared[name].tags[NOT_DECLARED].startswith(at.replace(" ", "T"))
        assert f"here since {at} UTC" in str(undeclared[name].description)
        assert f"- {{name: {name}, type: string" in str(undeclared[name].description)
    assert found["id"].description is None
