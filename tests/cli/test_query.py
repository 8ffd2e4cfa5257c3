"""The three shapes of a query's answer, and that a query cannot write."""

import csv
import io
import json
import re
from pathlib import Path

import pytest

from platform_assets.cli import run
from resources.warehouse import Warehouse


@pytest.fixture(autouse=True)
def _numbers(project_data: Path) -> None:
    with Warehouse.from_settings().write() as connection:
        connection.execute(
            """CREATE TABLE marts.numbers AS SELECT i AS n,
                 CASE WHEN i % 2 = 0 THEN 'even, "quoted"' END AS word,
                 (i / 10)::DECIMAL(18, 2) AS price, DATE '2026-01-01' + i::INTEGER AS day,
                 [i, i + 1] AS pair
               FROM range(250) t(i)"""
        )


def test_a_table_shows_a_hundred_rows_and_says_that_there_are_more(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["query", "FROM marts.numbers ORDER BY n"]) == 0
    out, err = capsys.readouterr()
    assert "∅" in out
    assert 'even, "quoted"' in out
    assert out.count("2026-") == 100
    assert "More than 100 rows; --limit prints more." in err


WIDE = "SELECT " + ", ".join(f"'{'x' * 30}{i:02d}' AS column_{i:02d}" for i in range(12))


def test_in_a_pipe_a_table_is_as_wide_as_its_values(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["query", WIDE]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "xxx" in line]
    assert [cell.strip() for cell in line.strip("│").split("│")] == [
        f"{'x' * 30}{i:02d}" for i in range(12)
    ]
    assert run(["query", "SELECT repeat('y', 2500) AS y, 1 AS n"]) == 0
    out = capsys.readouterr().out
    assert out.count("y") == 2501 and len(out.splitlines()[0]) < 1100


@pytest.mark.parametrize(("columns", "listed"), [("200", False), ("40", True)])
def test_on_a_terminal_values_wrap_and_none_is_cut(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: str, listed: bool
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert run(["query", WIDE]) == 0
    out = capsys.readouterr().out
    lines = re.sub(r"\x1b\[[\d;]*m", "", out).splitlines()
    assert ("row 1" in lines) is listed
    assert sum(line.count("x") for line in lines) == 12 * 30 and "…" not in out
    assert max(map(len, lines)) <= int(columns)


def test_csv_has_every_row_and_quotes_what_needs_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["query", "FROM marts.numbers ORDER BY n", "--format", "csv"]) == 0
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert rows[0] == ["n", "word", "price", "day", "pair"]
    assert rows[1] == ["0", 'even, "quoted"', "0.00", "2026-01-01", "[0, 1]"]
    assert rows[2][1] == ""
    assert len(rows) == 251


def test_json_is_one_array_with_numbers_as_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["query", "FROM marts.numbers ORDER BY n", "--format", "json", "--limit", "3"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)[1] == {
        "n": 1,
        "word": None,
        "price": 0.1,
        "day": "2026-01-02",
        "pair": [1, 2],
    }
    assert len(json.loads(out)) == 3
    assert "More than 3 rows" in err


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        ("12345678901234567.89::DECIMAL(20,2)", "12345678901234567.89"),
        ("'\\x00\\xFF'::BLOB", "00ff"),
        ("TIMESTAMPTZ '2026-01-01 12:00:00+00'", "2026-01-01T12:00:00+00:00"),
    ],
)
def test_json_keeps_what_a_number_cannot_hold(
    capsys: pytest.CaptureFixture[str], value: str, printed: str
) -> None:
    assert run(["query", f"SELECT {value} AS v", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"v": printed}]


def test_no_rows_are_an_empty_array(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["query", "FROM marts.numbers WHERE false", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM marts.numbers",
        "CREATE TABLE marts.more AS SELECT 1 AS n",
        "DROP TABLE marts.numbers",
        "INSERT INTO marts.numbers (n) VALUES (1)",
    ],
)
def test_a_query_cannot_write(capsys: pytest.CaptureFixture[str], sql: str) -> None:
    assert run(["query", sql]) == 2
    assert "read-only" in capsys.readouterr().err
    assert run(["query", "SELECT count(*) AS n FROM marts.numbers", "--format", "csv"]) == 0
    assert capsys.readouterr().out == "n\n250\n"


def test_a_mistake_in_sql_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["query", "SELECT * FROM marts.numbes"]) == 2
    err = capsys.readouterr().err
    assert "numbes" in err
    assert "SHOW ALL TABLES" in err
    assert "Traceback" not in err
