"""Dependencies and mistakes, read from the SQL of a report."""

import re
from collections.abc import Callable

import pytest

from platform_assets.reporting import ReportDeclaration, ReportError, check, tables

MakeReport = Callable[..., ReportDeclaration]


def block(sql: str, name: str = "q") -> str:
    """Return a report with one query."""
    return f"# Title\n\n```sql {name}\n{sql}\n```\n"


def test_dependencies_are_the_tables_and_not_the_ctes(make_report: MakeReport) -> None:
    report = make_report(
        block(
            "with recent as (select * from marts.daily_revenue),\n"
            "other as (select * from recent join Marts.FCT_Orders using (id))\n"
            "select * from other where id in (select id from raw.shop__orders)\n"
            "union all select * from raw.web_events"
        )
    )
    assert tables(report) == [
        "marts/daily_revenue",
        "marts/fct_orders",
        "raw/shop/orders",
        "raw/web_events",
    ]


def test_a_table_named_like_a_cte_of_another_query_is_still_refused(
    make_report: MakeReport,
) -> None:
    report = make_report(
        "```sql a\nwith recent as (select 1) select * from recent\n```\n"
        "```sql b\nselect * from recent\n```\n"
    )
    with pytest.raises(ReportError, match="line 5: query `b`: `recent` is neither a table"):
        tables(report)


def test_a_query_that_names_another_query_depends_on_its_tables_only(
    make_report: MakeReport,
) -> None:
    report = make_report(
        "```sql weeks\nselect * from marts.daily_revenue\n```\n"
        "```sql last\nselect * from weeks, this_report, generate_series(1, 3) t(n)\n```\n"
    )
    assert tables(report) == ["marts/daily_revenue"]


def test_the_tables_of_the_platform_itself_are_assets_too(make_report: MakeReport) -> None:
    assert tables(make_report(block("select * from platform.ledger"))) == ["platform/ledger"]


def test_an_unknown_table_is_answered_with_line_and_the_nearest_name(
    make_report: MakeReport,
) -> None:
    report = make_report(block("select 1 as one\nfrom\n  marts.daily_revenu"))
    with pytest.raises(ReportError) as caught:
        check(report, {"marts.daily_revenue": [], "marts.daily_traffic": []})
    assert "sales/report.md, line 6: query `q`: there is no table marts.daily_revenu." in str(
        caught.value
    )
    assert "Did you mean `marts.daily_revenue`?" in str(caught.value)


def test_a_table_in_the_wrong_schema_is_found_by_its_name(make_report: MakeReport) -> None:
    with pytest.raises(ReportError, match=re.escape("Did you mean `marts.fct_orders`?")):
        check(make_report(block("select * from staging.fct_orders")), {"marts.fct_orders": []})


def test_a_table_without_its_schema_is_refused(make_report: MakeReport) -> None:
    with pytest.raises(ReportError, match=re.escape("Write the schema too, e.g. marts.orders")):
        tables(make_report(block("select * from orders")))


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from 'secrets.parquet'",
        "select * from read_text('/etc/passwd')",
        "with x as (select * from glob('/*')) select * from x",
    ],
)
def test_a_file_is_no_table(make_report: MakeReport, sql: str) -> None:
    with pytest.raises(ReportError, match="line 4: query `q`"):
        tables(make_report(block(sql)))


@pytest.mark.parametrize(
    "sql",
    [
        "delete from marts.fct_orders",
        "create table marts.x as select 1",
        "insert into marts.fct_orders select * from marts.fct_orders",
        "attach 'x.db'",
        "copy marts.fct_orders to 'x.csv'",
        "pragma database_list",
        "install httpfs",
    ],
)
def test_a_report_only_reads(make_report: MakeReport, sql: str) -> None:
    with pytest.raises(ReportError, match="does more than read"):
        tables(make_report(block(sql)))


def test_two_statements_in_a_block_are_refused(make_report: MakeReport) -> None:
    with pytest.raises(ReportError, match="holds 2 statements"):
        tables(make_report(block("select 1; select 2")))


def test_unreadable_sql_names_the_line(make_report: MakeReport) -> None:
    with pytest.raises(ReportError, match=r"report\.md, line 5: query `q` is not readable SQL"):
        tables(make_report(block("select a,\n  from (select where")))


def test_queries_that_name_each_other_in_a_circle_are_refused(make_report: MakeReport) -> None:
    report = make_report("```sql a\nselect * from b\n```\n```sql b\nselect * from a\n```\n")
    with pytest.raises(ReportError, match="in a circle: a → b → a"):
        tables(report)
