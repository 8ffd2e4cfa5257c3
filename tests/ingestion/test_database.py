"""One table from a database to the lake: exactly once, nothing lost, types kept."""

# ruff: noqa: DTZ001 (times without a zone are part of what is tested)

import json
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from platform_assets.ingestion import database
from platform_assets.ingestion.declaration import (
    Column,
    DatabaseDeclaration,
    NewColumns,
    TableDeclaration,
)
from resources.errors import PlatformError
from resources.warehouse import Warehouse, extract_load

ROOT = Path(__file__).resolve().parents[2]


class Shop:
    """An application's SQLite database and the lake that its table `orders` goes to."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "shop.sqlite"
        self.app = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        self.warehouse = Warehouse(f"ducklake:///{folder}/warehouse", memory_limit="500MB")

    def run(self, sql: str, *values: object) -> None:
        self.app.execute(sql, values)

    def declaration(self, table: TableDeclaration, policy: str = "evolve") -> DatabaseDeclaration:
        return DatabaseDeclaration(
            name="shop",
            url=f"sqlite:///{self.path}",
            tables=[table],
            new_columns=NewColumns(policy),
        )

    def load(self, policy: str = "evolve", **table: object) -> database.TableResult:
        declared = TableDeclaration(**{"name": "orders", **table})  # type: ignore[arg-type]
        return database.ingest_table(self.warehouse, self.declaration(declared, policy), declared)

    def probe(self, **table: object) -> str:
        declared = TableDeclaration(**{"name": "orders", **table})  # type: ignore[arg-type]
        return database.probe(self.declaration(declared))[declared.name]

    def query(self, sql: str) -> list[tuple]:
        with self.warehouse.reading() as connection:
            return connection.execute(sql).fetchall()

    def drift(self) -> list[tuple]:
        return self.query("SELECT column_name, change FROM platform.drift ORDER BY ALL")


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


INCREMENTAL = {"cursor": "updated_at", "natural_key": ("id",)}


@pytest.fixture
def orders(shop):
    """A table with three rows, an hour apart."""
    shop.run("CREATE TABLE orders (id INTEGER PRIMARY KEY, total DECIMAL(10,2), updated_at TEXT)")
    for n in (1, 2, 3):
        shop.run("INSERT INTO orders VALUES (?, ?, ?)", n, 0.99 * n, f"2026-01-01T0{n}:00:00.000Z")
    return shop


def test_chinooks_invoices_and_their_lines_sum_to_the_published_figure(shop, shared_data):
    folder = shared_data / "app_databases"
    tables = [TableDeclaration(name=name) for name in ("Invoice", "InvoiceLine")]
    url = f"sqlite:///{folder}/Chinook_Sqlite.sqlite"
    declaration = DatabaseDeclaration(name="chinook", url=url, tables=tables)
    results = [database.ingest_table(shop.warehouse, declaration, table) for table in tables]
    assert [result.rows_loaded for result in results] == [412, 2240]
    headers = shop.query(
        'SELECT sum("Total"), any_value(typeof("Total")) FROM raw.chinook__Invoice'
    )
    lines = shop.query('SELECT sum("UnitPrice" * "Quantity") FROM raw.chinook__InvoiceLine')
    assert headers == [(Decimal("2328.60"), "DECIMAL(10,2)")]
    assert lines == [(Decimal("2328.60"),)]


def test_every_row_says_where_it_came_from(orders):
    result = orders.load()
    rows = orders.query(
        "SELECT DISTINCT _file, _line, _load_id, _loaded_at <= now(), _extra FROM raw.shop__orders"
    )
    assert rows == [("sqlite:orders", None, result.load_id, True, None)]
    assert orders.query(
        "SELECT source, kind, file, status, rows_in_file, rows_loaded, rows_quarantined "
        "FROM platform.ledger"
    ) == [("shop__orders", "table", "sqlite:orders", "loaded", 3, 3, 0)]


# ------------------------------------------------------------------------------ full snapshots


def test_a_snapshot_replaces_the_one_before_with_deletions_and_changes(orders):
    orders.load()
    orders.run("DELETE FROM orders WHERE id = 1")
    orders.run("UPDATE orders SET total = 5 WHERE id = 2")
    result = orders.load()
    assert result.rows_loaded == 2
    assert orders.query("SELECT id, total FROM raw.shop__orders ORDER BY id") == [
        (2, Decimal("5.00")),
        (3, Decimal("2.97")),
    ]


def test_an_unchanged_snapshot_makes_no_load(orders):
    orders.load()
    orders.run("UPDATE orders SET total = total")
    again = orders.load()
    assert (again.load_id, again.rows_read, again.rows_known) == (None, 3, 3)
    assert orders.query("SELECT count(*) FROM platform.ledger") == [(1,)]


def test_rows_that_are_twice_in_a_snapshot_are_twice_in_the_lake_and_seen_when_one_goes(shop):
    shop.run("CREATE TABLE orders (n INTEGER)")
    shop.run("INSERT INTO orders VALUES (1), (1), (2), (2)")
    assert shop.load().rows_loaded == 4
    shop.run("DELETE FROM orders WHERE rowid IN (1, 3)")
    assert shop.load().rows_loaded == 2


def test_an_empty_table_is_an_empty_raw_table(shop):
    shop.run("CREATE TABLE orders (id INTEGER, at TIMESTAMP)")
    assert shop.load().rows_loaded == 0
    assert shop.query("SELECT count(*) FROM raw.shop__orders") == [(0,)]
    assert shop.load().load_id is None


def test_a_table_that_was_emptied_empties_the_raw_table(orders):
    orders.load()
    orders.run("DELETE FROM orders")
    assert orders.load().load_id is not None
    assert orders.query("SELECT count(*) FROM raw.shop__orders") == [(0,)]


def test_readers_never_see_a_snapshot_half_replaced(orders):
    orders.load()
    seen, stop = set(), threading.Event()
    reader = orders.warehouse.connect(read_only=True)

    def read():
        while not stop.is_set():
            seen.add(reader.execute("SELECT count(*) FROM raw.shop__orders").fetchone()[0])

    thread = threading.Thread(target=read)
    thread.start()
    for n in range(4, 9):
        orders.run("INSERT INTO orders VALUES (?, 1, 'x')", n)
        orders.load()
    stop.set()
    thread.join()
    reader.close()
    assert seen <= set(range(3, 9))


# --------------------------------------------------------------------------------- incremental


def test_an_incremental_load_brings_what_is_new_and_nothing_twice(orders):
    assert orders.load(**INCREMENTAL, overlap="2h").rows_loaded == 3
    orders.run("INSERT INTO orders VALUES (4, 1, '2026-01-01T04:00:00.000Z')")
    result = orders.load(**INCREMENTAL, overlap="2h")
    assert (result.rows_read, result.rows_known, result.rows_loaded) == (4, 3, 1)
    assert result.cursor_to == "2026-01-01T04:00:00.000Z"
    assert orders.load(**INCREMENTAL, overlap="2h").load_id is None
    assert orders.query("SELECT id FROM raw.shop__orders ORDER BY id") == [(1,), (2,), (3,), (4,)]


def test_the_source_is_asked_for_the_overlap_only(orders):
    orders.load(**INCREMENTAL)
    result = orders.load(**INCREMENTAL, overlap="30m")
    assert result.rows_read == 1
    assert result.cursor_from == "2026-01-01T02:30:00"


def test_a_row_that_commits_late_is_found_in_the_overlap(orders):
    orders.load(**INCREMENTAL, overlap="2h")
    orders.run("INSERT INTO orders VALUES (9, 1, '2026-01-01T02:30:00.000Z')")
    assert orders.load(**INCREMENTAL, overlap="2h").rows_loaded == 1


def test_a_row_that_changed_in_the_overlap_is_a_newer_version(orders):
    first = orders.load(**INCREMENTAL, overlap="2h")
    orders.run("UPDATE orders SET total = 7 WHERE id = 3")
    second = orders.load(**INCREMENTAL, overlap="2h")
    assert second.rows_loaded == 1
    assert orders.query("SELECT total, _load_id FROM raw.shop__orders WHERE id = 3 ORDER BY 2") == [
        (Decimal("2.97"), first.load_id),
        (Decimal("7.00"), second.load_id),
    ]


def test_a_row_that_changes_back_is_a_newer_version_again(orders):
    orders.load(**INCREMENTAL, overlap="2h")
    for total in (7, 2.97):
        orders.run("UPDATE orders SET total = ? WHERE id = 3", total)
        assert orders.load(**INCREMENTAL, overlap="2h").rows_loaded == 1
    assert orders.query("SELECT arg_max(total, _load_id) FROM raw.shop__orders WHERE id = 3") == [
        (Decimal("2.97"),)
    ]


def test_equal_rows_without_a_key_are_counted_not_merged(shop):
    shop.run("CREATE TABLE orders (what TEXT, at TEXT)")
    shop.run("INSERT INTO orders VALUES ('a', '2026-01-01'), ('a', '2026-01-01')")
    assert shop.load(cursor="at").rows_loaded == 2
    shop.run("INSERT INTO orders VALUES ('a', '2026-01-01')")
    assert shop.load(cursor="at").rows_loaded == 1
    assert shop.load(cursor="at").load_id is None


def test_rows_without_a_cursor_value_are_loaded_once(orders):
    orders.run("INSERT INTO orders VALUES (7, 1, NULL)")
    assert orders.load(**INCREMENTAL).rows_loaded == 4
    orders.run("INSERT INTO orders VALUES (8, 1, NULL)")
    assert orders.load(**INCREMENTAL).rows_loaded == 1


def test_a_value_in_the_far_future_does_not_block_what_comes_after(orders):
    orders.run("INSERT INTO orders VALUES (4, 1, '9999-12-31T00:00:00.000Z')")
    orders.load(**INCREMENTAL)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    orders.run("INSERT INTO orders VALUES (5, 1, ?)", now)
    assert orders.load(**INCREMENTAL).rows_loaded == 1


@pytest.mark.parametrize("overlap", ["2", "10m"])
def test_a_cursor_of_numbers_looks_back_too(shop, overlap):
    shop.run("CREATE TABLE orders (id INTEGER PRIMARY KEY, what TEXT)")
    shop.run("INSERT INTO orders VALUES (1, 'a'), (9, 'b'), (11, 'c')")
    assert shop.load(cursor="id", overlap=overlap).cursor_to == "11"
    shop.run("INSERT INTO orders VALUES (10, 'late'), (12, 'new')")
    assert shop.load(cursor="id", overlap=overlap).rows_loaded == 2
    assert shop.query("SELECT id FROM raw.shop__orders ORDER BY id") == [
        (1,), (9,), (10,), (11,), (12,),
    ]  # fmt: skip


def test_another_cursor_reads_everything_again_and_loads_nothing_twice(orders):
    orders.load(**INCREMENTAL)
    result = orders.load(cursor="id", natural_key=("id",), overlap="1")
    assert (result.rows_read, result.rows_loaded) == (3, 0)
    assert orders.load(cursor="id", natural_key=("id",), overlap="1").rows_read == 2


def test_a_snapshot_that_becomes_incremental_loads_nothing_twice(orders):
    orders.load()
    assert orders.load(**INCREMENTAL).rows_loaded == 0
    assert orders.query("SELECT count(*) FROM raw.shop__orders") == [(3,)]


def test_the_ledger_knows_the_range_of_event_times_of_what_was_loaded(orders):
    orders.load(**INCREMENTAL, event_time="updated_at", overlap="2h")
    orders.run("INSERT INTO orders VALUES (4, 1, '2026-01-01T04:00:00.000Z')")
    result = orders.load(**INCREMENTAL, event_time="updated_at", overlap="2h")
    four = datetime(2026, 1, 1, 4, tzinfo=UTC)
    assert (result.first_event, result.last_event) == (four, four)
    assert orders.query(
        "SELECT min_event_at, max_event_at FROM platform.ledger ORDER BY load_id DESC LIMIT 1"
    ) == [(four, four)]


# ---------------------------------------------------------------------------------- quarantine


def test_a_value_that_does_not_fit_goes_to_quarantine_with_its_row(orders):
    orders.run("INSERT INTO orders VALUES (4, 'abc', '2026-01-01T04:00:00.000Z')")
    result = orders.load()
    assert (result.rows_read, result.rows_loaded, result.rows_quarantined) == (4, 3, 1)
    source, line, reason, raw = orders.query(
        "SELECT source, line, reason, raw FROM platform.quarantine"
    )[0]
    assert (source, line) == ("shop__orders", None)
    assert reason == "total: abc is not exactly a decimal(10,2)"
    assert json.loads(raw) == {"id": "4", "total": "abc", "updated_at": "2026-01-01T04:00:00.000Z"}


def test_a_bad_row_of_the_overlap_is_quarantined_once(orders):
    orders.run("INSERT INTO orders VALUES (4, 1.005, '2026-01-01T04:00:00.000Z')")
    assert orders.load(**INCREMENTAL, overlap="2h").rows_quarantined == 1
    assert orders.load(**INCREMENTAL, overlap="2h").load_id is None
    assert orders.query("SELECT count(*) FROM platform.quarantine") == [(1,)]


def test_a_declaration_that_holds_the_value_brings_the_quarantined_row_in(orders):
    orders.run("INSERT INTO orders VALUES (4, 1.005, '2026-01-01T02:30:00.000Z')")
    assert orders.load(**INCREMENTAL).rows_quarantined == 1
    wider = [Column(name="total", type="decimal(12,3)")]
    result = orders.load(**INCREMENTAL, columns=wider)
    assert (result.rows_loaded, result.rows_quarantined) == (1, 0)
    assert orders.query("SELECT id, total FROM raw.shop__orders ORDER BY id") == [
        (1, Decimal("0.990")),
        (2, Decimal("1.980")),
        (3, Decimal("2.970")),
        (4, Decimal("1.005")),
    ]
    assert orders.drift() == [("total", "type_declared")]


def test_a_required_column_without_a_value_is_quarantined(orders):
    orders.run("INSERT INTO orders VALUES (4, NULL, '2026-01-01T04:00:00.000Z')")
    result = orders.load(columns=[Column(name="total", type="decimal(10,2)", required=True)])
    assert result.rows_quarantined == 1
    assert orders.query("SELECT reason FROM platform.quarantine") == [
        ("total: required, but empty",)
    ]


def test_text_that_is_not_utf8_is_quarantined_and_the_rest_is_loaded(orders):
    orders.run("CREATE TABLE notes (id INTEGER, body TEXT, made TIMESTAMP)")
    orders.run("INSERT INTO notes VALUES (1, 'naïve', '2026-01-01 10:00:00')")
    orders.run("INSERT INTO notes VALUES (2, CAST(x'61ff62' AS TEXT), NULL)")
    result = orders.load(name="notes")
    assert (result.rows_loaded, result.rows_quarantined) == (1, 1)
    assert orders.query("SELECT id, body, made FROM raw.shop__notes") == [
        (1, "naïve", datetime(2026, 1, 1, 10))
    ]
    assert json.loads(orders.query("SELECT raw FROM platform.quarantine")[0][0])["body"] == "61FF62"


# --------------------------------------------------------------------------------------- types


def test_sqlite_values_keep_their_type(shop):
    shop.run(
        "CREATE TABLE orders (i INTEGER, d DECIMAL(20,4), r REAL, b BOOLEAN, day DATE, "
        "naive DATETIME, zoned TIMESTAMP, blob BLOB, any, n NUMERIC, t VARCHAR(10))"
    )
    shop.run(
        "INSERT INTO orders VALUES (9223372036854775807, 12345678.1234, 0.1234567890123456789, 1, "
        "'2024-02-29', '2024-02-29 10:00:00.5', '2024-02-29T10:00:00+02:00', x'00ff', 0.1, 1.5, 5)"
    )
    shop.load()
    row = shop.query("SELECT * EXCLUDE (_file, _line, _load_id, _loaded_at, _extra) "
                     "FROM raw.shop__orders")[0]  # fmt: skip
    assert row == (
        2**63 - 1,
        Decimal("12345678.1234"),
        0.1234567890123456789,
        True,
        datetime(2024, 2, 29).date(),
        datetime(2024, 2, 29, 10, 0, 0, 500_000),
        datetime(2024, 2, 29, 8, tzinfo=UTC),
        b"\x00\xff",
        "0.1",
        Decimal("1.5"),
        "5",
    )


def test_every_double_comes_back_to_the_bit(shop):
    values = [0.1 + 0.2, 5e-324, 1.7976931348623157e308, -2.1858611886187517e307, float("inf")]
    shop.run("CREATE TABLE orders (n INTEGER, r REAL)")
    for n, value in enumerate(values):
        shop.run("INSERT INTO orders VALUES (?, ?)", n, value)
    shop.load()
    assert [row[0] for row in shop.query("SELECT r FROM raw.shop__orders ORDER BY n")] == values


# --------------------------------------------------------------------------------------- drift


def test_a_new_column_is_added_and_told(orders):
    orders.load(**INCREMENTAL)
    orders.run("ALTER TABLE orders ADD COLUMN coupon TEXT")
    orders.run("INSERT INTO orders VALUES (4, 1, '2026-01-01T04:00:00.000Z', 'SUMMER')")
    result = orders.load(**INCREMENTAL)
    assert [(d.column, d.change) for d in result.drift] == [("coupon", "column_added")]
    assert orders.query("SELECT id, coupon FROM raw.shop__orders WHERE coupon IS NOT NULL") == [
        (4, "SUMMER")
    ]


def test_a_new_column_is_kept_aside_under_freeze(orders):
    orders.load("freeze", **INCREMENTAL)
    orders.run('ALTER TABLE orders ADD COLUMN "it\'s ""new""" TEXT')
    orders.run("INSERT INTO orders VALUES (4, 1, '2026-01-01T04:00:00.000Z', 'é\"')")
    assert orders.load("freeze", **INCREMENTAL).rows_loaded == 1
    assert orders.load("freeze", **INCREMENTAL).load_id is None
    extra = orders.query("SELECT _extra FROM raw.shop__orders WHERE id = 4")[0][0]
    assert json.loads(extra) == {'it\'s "new"': 'é"'}
    assert orders.drift() == [('it\'s "new"', "column_frozen")]


def test_rows_with_a_new_column_are_quarantined_under_reject(orders):
    orders.load("reject", **INCREMENTAL)
    orders.run("ALTER TABLE orders ADD COLUMN coupon TEXT")
    orders.run("INSERT INTO orders VALUES (4, 1, '2026-01-01T04:00:00.000Z', 'X')")
    orders.run("INSERT INTO orders VALUES (5, 1, '2026-01-01T05:00:00.000Z', NULL)")
    result = orders.load("reject", **INCREMENTAL)
    assert (result.rows_loaded, result.rows_quarantined) == (1, 1)
    assert orders.drift() == [("coupon", "column_rejected")]


def test_a_vanished_column_is_told_once_and_stays_empty(orders):
    orders.load()
    orders.run("ALTER TABLE orders DROP COLUMN total")
    assert orders.load().rows_loaded == 3
    orders.run("INSERT INTO orders VALUES (4, '2026-01-02')")
    orders.load()
    assert orders.drift() == [("total", "column_missing")]
    assert orders.query("SELECT count(*), count(total) FROM raw.shop__orders") == [(4, 0)]


def test_a_wider_type_widens_the_column_without_touching_what_is_there(orders):
    orders.load(**INCREMENTAL)
    orders.run("CREATE TABLE wide (id INTEGER PRIMARY KEY, total DECIMAL(14,4), updated_at TEXT)")
    orders.run("INSERT INTO wide SELECT * FROM orders")
    orders.run("INSERT INTO wide VALUES (4, 0.1234, '2026-01-01T04:00:00.000Z')")
    orders.run("DROP TABLE orders")
    orders.run("ALTER TABLE wide RENAME TO orders")
    assert orders.load(**INCREMENTAL, overlap="9h").rows_loaded == 1
    assert orders.drift() == [("total", "type_widened")]
    assert orders.query("SELECT total FROM raw.shop__orders ORDER BY id") == [
        (Decimal("0.9900"),),
        (Decimal("1.9800"),),
        (Decimal("2.9700"),),
        (Decimal("0.1234"),),
    ]


def test_a_flipped_type_loads_what_fits_and_quarantines_the_rest(orders):
    orders.load()
    orders.run("CREATE TABLE flip (id INTEGER PRIMARY KEY, total TEXT, updated_at TEXT)")
    orders.run("INSERT INTO flip VALUES (1, '1.50', 'x'), (2, 'free', 'x')")
    orders.run("DROP TABLE orders")
    orders.run("ALTER TABLE flip RENAME TO orders")
    result = orders.load()
    assert (result.rows_loaded, result.rows_quarantined) == (1, 1)
    assert orders.drift() == [("total", "type_flipped")]
    assert orders.query("SELECT id, total FROM raw.shop__orders") == [(1, Decimal("1.50"))]


def test_a_type_declared_later_that_does_not_hold_what_is_there_is_refused(orders):
    orders.load(**INCREMENTAL)
    orders.run("DELETE FROM orders")
    with pytest.raises(PlatformError, match=r"'total' can't become bigint: 3 rows"):
        orders.load(**INCREMENTAL, columns=[Column(name="total", type="integer")])
    assert orders.query("SELECT count(*) FROM raw.shop__orders") == [(3,)]


# --------------------------------------------------------------------------------------- names


def test_names_are_data_never_sql(shop):
    table = 'or"ders; DROP TABLE x; --'
    column = "a'b\"c`; SELECT 1 /* $$ \\ % :x ? é"
    quoted = '"' + column.replace('"', '""') + '"'
    name = '"' + table.replace('"', '""') + '"'
    shop.run(f"CREATE TABLE {name} ({quoted} TEXT, at TEXT)")
    shop.run(f"INSERT INTO {name} VALUES (?, '2026-01-01')", "it's; DROP TABLE y --")
    declared = {"name": table, "cursor": column, "natural_key": (column,), "overlap": "1m"}
    assert shop.load(**declared).rows_loaded == 1
    shop.run(f"INSERT INTO {name} VALUES (?, '2026-01-02')", "zz'\\")
    assert shop.load(**declared).rows_loaded == 1
    assert shop.load(**declared).load_id is None
    assert shop.probe(**declared)
    raw = f'"shop__{table}"'.replace('r"d', 'r""d')
    assert shop.query(f'SELECT {quoted} FROM raw.{raw} ORDER BY "at"') == [
        ("it's; DROP TABLE y --",),
        ("zz'\\",),
    ]


def test_a_name_with_a_dot_is_found(shop):
    shop.run('CREATE TABLE "a.b" (id INTEGER)')
    shop.run("CREATE TABLE plain (id INTEGER)")
    assert shop.load(name="a.b").table == "shop__a__b"
    assert shop.load(name="main.plain").table == "shop__main__plain"


# ------------------------------------------------------------------------------- interruptions


def test_a_run_that_is_killed_before_it_commits_loads_every_row_once_when_run_again(orders):
    """Killed for good, at the last moment before the commit, in a process of its own."""
    program = textwrap.dedent(
        f"""
        import os, signal, sys
        sys.path.insert(0, {str(ROOT)!r})
        from resources.warehouse import extract_load
        from tests.ingestion.test_database import Shop, INCREMENTAL
        from pathlib import Path
        extract_load._insert_ledger = lambda *a: os.kill(os.getpid(), signal.SIGKILL)
        Shop(Path({str(orders.path.parent)!r})).load(**INCREMENTAL)
        """
    )
    done = subprocess.run([sys.executable, "-c", program], check=False)
    assert done.returncode == -signal.SIGKILL
    assert list(orders.warehouse.temp_dir.glob("extract-*"))
    assert orders.load(**INCREMENTAL).rows_loaded == 3
    assert orders.query("SELECT count(*) FROM raw.shop__orders") == [(3,)]
    assert orders.query("SELECT count(*) FROM platform.ledger") == [(1,)]
    assert not list(orders.warehouse.temp_dir.glob("extract-*"))


@pytest.mark.parametrize("step", ["_insert_rows", "_insert_ledger"])
def test_an_error_within_the_transaction_leaves_nothing_behind(orders, monkeypatch, step):
    orders.load()
    orders.run("UPDATE orders SET total = 9, updated_at = 'x'")
    orders.run("ALTER TABLE orders ADD COLUMN more TEXT")
    with monkeypatch.context() as patched:
        patched.setattr(extract_load, step, lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            orders.load()
    assert orders.query("SELECT sum(total) FROM raw.shop__orders") == [(Decimal("5.94"),)]
    assert orders.drift() == []
    assert orders.load().rows_loaded == 3


def test_two_runs_of_one_table_at_once_load_every_row_once(orders):
    orders.run(
        "WITH RECURSIVE c(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM c WHERE i < 2000) "
        "INSERT INTO orders SELECT i, 1, '2026-01-02T00:00:00Z' FROM c"
    )
    errors = []

    def run():
        try:
            orders.load(**INCREMENTAL)
        except Exception as error:  # the thread's error is the test's
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert orders.query("SELECT count(*), count(DISTINCT id) FROM raw.shop__orders") == [
        (1994, 1994)
    ]


def test_a_wal_database_that_is_written_meanwhile_is_read(orders):
    orders.run("PRAGMA journal_mode = WAL")
    orders.run("BEGIN IMMEDIATE")
    orders.run("INSERT INTO orders VALUES (4, 1, 'x')")
    assert orders.load().rows_loaded == 3
    orders.run("COMMIT")
    assert orders.load().rows_loaded == 4


# -------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"name": "order"}, "no table 'order'.*\n.*Did you mean orders"),
        ({"cursor": "updated"}, "'orders'.*cursor 'updated' is no column.*\n.*updated_at"),
        ({"natural_key": ("key",)}, "natural_key 'key'"),
        ({"event_time": "when"}, "event_time 'when'"),
        ({"columns": [Column(name="vat", required=True)]}, "required column 'vat'"),
        ({"cursor": "updated_at", "overlap": "7"}, "needs a unit"),
    ],
)
def test_a_mistake_in_the_declaration_is_told_with_the_way_out(orders, table, told):
    if "overlap" in table:
        orders.load(**table | {"overlap": "7m"})
    with pytest.raises(PlatformError, match=rf"(?s)Source 'shop'.*{told}"):
        orders.load(**table)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("sqlite:///nowhere/shop.sqlite", "no SQLite file .*nowhere/shop.sqlite"),
        ("sqlite://", "names no file"),
        ("", "secret"),
        ("None", "secret"),
        ("postgresql://me:{{ env.SHOP_PASSWORD }}@db/shop", "SHOP_PASSWORD.*not set"),
        ("postgresql://me:${SHOP_PASSWORD}@db/shop", "SHOP_PASSWORD.*not set"),
        ("postgresql://me:None@db/shop", "password in its url is empty"),
        ("just text", "no SQLAlchemy URL"),
        ("nosuch://host/db", "no driver for 'nosuch'"),
    ],
)
def test_a_url_that_leads_nowhere_is_told_with_the_way_out(shop, url, told):
    table = TableDeclaration(name="orders")
    declaration = DatabaseDeclaration(name="shop", url=url, tables=[table])
    with pytest.raises(PlatformError, match=f"Source 'shop'.*{told}") as raised:
        database.ingest_table(shop.warehouse, declaration, table)
    assert raised.value.hint


def test_a_relative_path_is_taken_from_the_projects_folder(shop, monkeypatch, tmp_path):
    shop.run("CREATE TABLE orders (id INTEGER)")
    monkeypatch.chdir("/")
    relative = os.path.relpath(shop.path, ROOT)
    table = TableDeclaration(name="orders")
    declaration = DatabaseDeclaration(name="shop", url=f"sqlite:///{relative}", tables=[table])
    assert database.ingest_table(shop.warehouse, declaration, table).rows_read == 0


def test_a_file_that_is_no_database_is_told(shop):
    shop.app.close()
    shop.path.write_text("id,name\n1,a\n" * 500)
    with pytest.raises(PlatformError, match=r"'shop'.*no SQLite database"):
        shop.load()


def test_the_safe_url_shows_no_password():
    assert database.safe_url("postgresql://me:secret@db/x") == "postgresql://me:***@db/x"
    assert "secret" not in database.safe_url("not a url: me:secret@db")


# --------------------------------------------------------------------------------------- probe


def test_the_probe_changes_with_every_change_of_a_small_table_and_with_nothing_else(orders):
    first = orders.probe()
    assert orders.probe() == first
    orders.run("UPDATE orders SET total = 7 WHERE id = 1")
    second = orders.probe()
    orders.run("DELETE FROM orders WHERE id = 1")
    assert len({first, second, orders.probe()}) == 3


@pytest.mark.parametrize("table", [{}, {"cursor": "updated_at"}])
def test_the_probe_of_a_large_table_is_steady_and_sees_new_rows(orders, table):
    orders.run(
        "WITH RECURSIVE c(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM c WHERE i < 6000) "
        "INSERT INTO orders SELECT i, 1, '2026-01-02T00:00:00Z' FROM c"
    )
    first = orders.probe(**table)
    assert orders.probe(**table) == first
    orders.load(**table)
    assert orders.probe(**table) == first
    orders.run("INSERT INTO orders VALUES (7000, 1, '2026-01-03T00:00:00Z')")
    assert orders.probe(**table) != first


def test_the_probe_sees_a_row_with_the_cursor_of_very_many(orders):
    orders.run(
        "WITH RECURSIVE c(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM c WHERE i < 6000) "
        "INSERT INTO orders SELECT i, 1, '2026-01-02T00:00:00Z' FROM c"
    )
    first = orders.probe(cursor="updated_at")
    orders.run("INSERT INTO orders VALUES (7000, 1, '2026-01-02T00:00:00Z')")
    second = orders.probe(cursor="updated_at")
    orders.run("INSERT INTO orders VALUES (7001, 1, NULL)")
    assert len({first, second, orders.probe(cursor="updated_at")}) == 3


def test_a_table_that_cannot_be_looked_at_hides_no_other(orders):
    tables = [
        TableDeclaration(name="orders"),
        TableDeclaration(name="gone"),
        TableDeclaration(name="orders", cursor="updated"),
    ]
    declarations = [
        DatabaseDeclaration(name="shop", url=f"sqlite:///{orders.path}", tables=chosen)
        for chosen in (tables[:2], tables[2:])
    ]
    found = database.probe(declarations[0])
    assert found["orders"] == orders.probe()
    assert found["gone"].startswith("unreadable")
    assert database.probe(declarations[0], ["orders"]) == {"orders": orders.probe()}
    assert database.probe(declarations[1])["orders"].startswith("unreadable")


def test_the_probe_of_a_large_snapshot_sees_a_changed_row(orders):
    orders.run(
        "WITH RECURSIVE c(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM c WHERE i < 6000) "
        "INSERT INTO orders SELECT i, 1, 'x' FROM c"
    )
    first = orders.probe()
    orders.run("UPDATE orders SET total = 3 WHERE id = 4000")
    assert orders.probe() != first
