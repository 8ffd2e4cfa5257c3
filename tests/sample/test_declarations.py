"""The declarations of the sample's sources fit what the generator makes."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
import yaml

from platform_assets.ingestion.declaration import DatabaseDeclaration, FileDeclaration
from platform_assets.sample.ads import GOOGLE, META
from platform_assets.sample.support import TICKETS

from .conftest import Made
from .naive import read_events

SOURCES = Path(__file__).resolve().parents[2] / "platform_assets/defs/sources"
FILES = (
    "web_events", "app_events", "access_log", "google_ads", "meta_ads", "support_tickets",
)  # fmt: skip


def attributes(name: str) -> dict[str, Any]:
    """Return what a source declares."""
    declared: dict[str, Any] = yaml.safe_load((SOURCES / name / "defs.yaml").read_text())
    return dict(declared["attributes"])


def declaration(name: str) -> FileDeclaration:
    """Return the declaration of a file source."""
    fields = attributes(name)
    known = FileDeclaration.model_fields.keys()
    return FileDeclaration(name=name, **{k: v for k, v in fields.items() if k in known})


@pytest.mark.parametrize("name", [*FILES, "usage", "shop"])
def test_every_source_has_an_owner_a_description_and_a_freshness(name: str) -> None:
    fields = attributes(name)
    assert "@" in fields["owner"] or fields["owner"].startswith("team:")
    assert len(fields["description"]) > 100
    assert fields["freshness"].keys() == {"warn", "fail"}
    columns = [column for part in fields.get("tables", [fields]) for column in part["columns"]]
    assert all(len(column["description"]) >= 5 for column in columns)


@pytest.mark.parametrize("name", FILES)
def test_the_planted_dirt_warns_and_does_not_fail(name: str, made: Made) -> None:
    limits = declaration(name).quarantine
    planted = made.manifest.sources()[name]
    whole = sum(planted.quarantined.values()) / planted.records
    assert limits.warn_above < whole < limits.error_above


@pytest.mark.parametrize("name", [*FILES, "usage"])
def test_the_glob_finds_every_file_that_landed(name: str, made: Made) -> None:
    found = [path for path in made.landing.glob(declaration(name).glob) if path.is_file()]
    assert len(found) == made.manifest.sources()[name].files


@pytest.mark.parametrize("source", ["web_events", "app_events"])
def test_every_key_of_an_event_is_declared_or_planted_drift(source: str, made: Made) -> None:
    declared = {column.name for column in declaration(source).columns}
    keys = {key for _, _, event in read_events(made.landing / source).good for key in event}
    drift = {change.removeprefix("+") for change in made.manifest.sources()[source].drift}
    assert keys == (declared - {"date"}) | drift


@pytest.mark.parametrize(
    ("source", "layout"),
    [("google_ads", GOOGLE), ("meta_ads", META), ("support_tickets", TICKETS)],
)
def test_the_columns_of_an_export_are_declared_and_their_key_too(source: str, layout: Any) -> None:
    declared = declaration(source)
    assert tuple(column.name for column in declared.columns) == layout.columns
    assert tuple(declared.natural_key) == layout.key
    assert declared.event_time in layout.columns


def test_the_tables_of_the_shop_are_declared_column_by_column(made: Made) -> None:
    fields = attributes("shop")
    shop = DatabaseDeclaration(name="shop", url=fields["url"], tables=fields["tables"])
    con = sqlite3.connect(made.shop)
    names = {row[0] for row in con.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert {table.name for table in shop.tables} == names
    for table in shop.tables:
        columns = con.execute(f"PRAGMA table_info({table.name})").fetchall()
        assert [column.name for column in table.columns] == [column[1] for column in columns]
        assert [c.name for c in table.columns if c.type.startswith("decimal")] == [
            column[1] for column in columns if column[2].startswith("DECIMAL")
        ]
        assert table.cursor == "updated_at"
    con.close()
