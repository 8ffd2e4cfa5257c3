"""Records as rows, and their tables in the lake: embedded, and a team's."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from platform_assets.product import curated, rows, rows_lake
from platform_assets.product.curated import Curated
from platform_assets.product.kinds import Change, Feedback, Request
from platform_assets.product.rows_state import glance, state
from platform_assets.product.rows_tables import FEEDBACK, LINKS, REQUESTS, TABLES, Table
from platform_assets.product.store import Everything, RecordStore
from resources.warehouse import Warehouse
from tests.product.curated_files import write

AT = datetime(2026, 7, 1, 9, tzinfo=UTC)
STORE = Everything(
    requests=(
        Request(
            1, "Orders by hour", "mara@x", AT, AT, state="closed", needed_by=date(2026, 8, 1),
            inputs={"reach": 5.0, "size": 3.0}, helped=True, voters=("jonas@x", "mara@x"),
            shipped_at=datetime(2026, 7, 9, 11, tzinfo=timezone(timedelta(hours=2))), comments=2,
        ),
    ),
    feedback=(Feedback(1, "report/weekly", "v", 2, "It is „late“ again;\nwhy?", "jonas@x", AT),),
    history=(Change(1, "request/1", AT, "mara@x", "title", "", "Orders by hour"),),
)  # fmt: skip


@pytest.fixture
def written(tmp_path: Path) -> Curated:
    return curated.read(write(tmp_path / "records"), tmp_path / "records")


def by_column(table: Table, found: Mapping[str, Sequence[rows.Row]]) -> list[dict[str, Any]]:
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in found[table.name]]


def test_a_request_is_a_row_with_its_inputs_and_times_in_utc() -> None:
    (row,) = by_column(REQUESTS, rows.rows(Curated(), STORE))
    assert (row["reach"], row["impact"], row["size"]) == (5.0, None, 3.0)
    assert row["shipped_at"] == datetime(2026, 7, 9, 9)  # noqa: DTZ001 (as the lake has it)
    assert (row["asked"], row["comments"], row["helped"]) == (2, 2, True)
    assert row["about"] is None


def test_every_written_record_is_a_row(written: Curated) -> None:
    found = {table.name: by_column(table, rows.rows(written, STORE)) for table in TABLES}
    assert found["requirements"][0]["acceptance"] == "It takes a second."
    assert found["requirements"][0]["check_key"] == "marts/orders:unique"
    more, fewer = found["key_results"]
    assert (more["baseline"], more["due_on"]) == (10.0, date(2026, 12, 31))
    assert more["definition"].startswith("WITH newest")
    assert (fewer["unit"], fewer["start_on"]) == (None, date(2026, 7, 1))
    assert found["roadmap"][0]["target_on"] == date(2026, 8, 31)
    assert [(a["minutes"], a["number"], a["done_on"]) for a in found["actions"]] == [
        ("2026-07-09", 1, date(2026, 7, 22)), ("2026-07-09", 2, None),
    ]  # fmt: skip
    assert found["links"] == sorted(found["links"], key=lambda link: tuple(link.values()))


def test_columns_that_name_people_are_marked() -> None:
    personal = {(t.name, c.name) for t in TABLES for c in t.columns if c.personal}
    assert personal >= {
        ("requests", "asker"), ("requests", "assignee"), ("feedback", "author"),
        ("feedback", "answered_by"), ("history", "who"), ("actions", "owner"),
    }  # fmt: skip
    assert all(column.meaning for table in TABLES for column in table.columns)


def test_tables_are_replaced_together_and_only_where_they_differ(
    lake_url: str, written: Curated
) -> None:
    warehouse = Warehouse.from_settings()
    found = rows.rows(written, STORE)
    counts = rows_lake.replace(warehouse, TABLES, found)
    assert counts["feedback"] == 1 and counts["links"] == len(found["links"])
    assert read(warehouse, "feedback") == list(found["feedback"])
    assert read(warehouse, "requests") == list(found["requests"])
    assert read(warehouse, "key_results") == sorted(found["key_results"])

    before = warehouse.snapshot()
    rows_lake.replace(warehouse, TABLES, found)
    assert warehouse.snapshot() == before

    fewer = {**found, "feedback": [], "links": found["links"][:1]}
    rows_lake.replace(warehouse, [FEEDBACK, LINKS], fewer)
    assert warehouse.snapshot() == before + 1
    assert read(warehouse, "feedback") == []
    assert read(warehouse, "links") == list(found["links"][:1])
    assert read(warehouse, "requests") == list(found["requests"])


def test_nothing_is_replaced_when_one_table_fails(project_data: Path, written: Curated) -> None:
    warehouse = Warehouse.from_settings()
    found = rows.rows(written, STORE)
    rows_lake.replace(warehouse, TABLES, found)
    broken = {**found, "feedback": [], "links": [("only", "two")]}
    with pytest.raises(ValueError):
        rows_lake.replace(warehouse, [FEEDBACK, LINKS], broken)
    assert len(read(warehouse, "feedback")) == 1


def test_a_table_of_another_release_is_made_anew(project_data: Path) -> None:
    warehouse = Warehouse.from_settings()
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE lake.product.feedback (number INTEGER, gone VARCHAR)")
        connection.execute("INSERT INTO lake.product.feedback VALUES (7, 'x')")
    found = rows.rows(Curated(), STORE)
    rows_lake.replace(warehouse, [FEEDBACK], found)
    assert read(warehouse, "feedback") == list(found["feedback"])


def read(warehouse: Warehouse, table: str) -> list[tuple[Any, ...]]:
    with warehouse.reading() as connection:
        return connection.execute(f"SELECT * FROM lake.product.{table} ORDER BY ALL").fetchall()


def test_marks_tell_what_changed(tmp_path: Path) -> None:
    store, folder = RecordStore(f"sqlite:///{tmp_path}/records.sqlite"), write(tmp_path / "p")
    first, files = state(store, folder, AT), glance(folder)
    assert state(store, folder, AT + timedelta(hours=1)) == first
    assert state(store, folder, AT + timedelta(days=1)) != first

    store.submit_request("mara", title="Orders by hour")
    asked = state(store, folder, AT)
    assert asked.of(REQUESTS) != first.of(REQUESTS)
    assert asked.of(LINKS) != first.of(LINKS)
    assert asked.written == first.written

    (folder / "metrics" / "orders.md").unlink()
    assert state(store, folder, AT) == replace(asked, written=state(store, folder, AT).written)
    assert state(store, folder, AT).written != first.written
    assert glance(folder) != files
    store.close()
