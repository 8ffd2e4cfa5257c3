"""A report's queries on the warehouse."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy

from platform_assets.reporting import document, queries, sql
from resources.warehouse import Warehouse

NOW = datetime(2026, 2, 1, 0, 30, tzinfo=timezone(timedelta(hours=1)))


def run(text: str, engine: sqlalchemy.Engine) -> dict[str, queries.Result]:
    """Return the results of a report's queries."""
    parsed = document.parse(text)
    return queries.run(parsed, sql.parse_all(parsed), engine, NOW)


def test_all_queries_see_one_state_of_the_warehouse(tmp_path: Path) -> None:
    warehouse = Warehouse(f"ducklake:///{tmp_path}/lake", memory_limit="500MB")
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE marts.t AS SELECT 1 AS n")
    engine = warehouse.engine()

    @sqlalchemy.event.listens_for(engine, "before_cursor_execute")
    def write_meanwhile(*arguments: object) -> None:
        if "'second'" in str(arguments[2]):
            with warehouse.write() as connection:
                connection.execute("INSERT INTO marts.t VALUES (2)")

    text = (
        "```sql a\nselect count(*) as n from marts.t\n```\n"
        "```sql b\nselect count(*) as n, 'second' as x from marts.t\n```\n"
    )
    results = run(text, engine)
    assert (results["a"].first("n"), results["b"].first("n")) == (1, 1)
    assert run(text.replace("second", "third"), engine)["a"].first("n") == 2


def test_values_keep_their_types(engine: sqlalchemy.Engine) -> None:
    result = run("```sql q\nselect date, revenue from marts.daily_revenue limit 1\n```", engine)
    assert isinstance(result["q"].first("revenue"), Decimal)
    assert result["q"].index("REVENUE") == 1


def test_the_report_knows_when_it_is_made_in_utc(engine: sqlalchemy.Engine) -> None:
    result = run("```sql q\nselect * from this_report\n```", engine)["q"]
    moment = result.first("generated_at")
    assert isinstance(moment, datetime)
    assert moment.replace(tzinfo=UTC) == datetime(2026, 1, 31, 23, 30, tzinfo=UTC)
    assert str(result.first("generated_on")) == "2026-01-31"


def test_more_rows_than_the_cap_are_left_out_and_counted_as_capped(
    engine: sqlalchemy.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "ROW_CAP", 10)
    result = run("```sql q\nselect * from marts.daily_revenue\n```", engine)["q"]
    assert (len(result.rows), result.capped) == (10, True)
    result = run("```sql q\nselect * from marts.daily_revenue limit 10\n```", engine)["q"]
    assert (len(result.rows), result.capped) == (10, False)


def test_percent_signs_and_colons_are_sql_and_no_parameters(engine: sqlalchemy.Engine) -> None:
    text = "```sql q\nselect 7 % 4 as a, '10%s :x' as b, '1'::integer as c\n```"
    assert run(text, engine)["q"].rows == ((3, "10%s :x", 1),)
