"""Columns that cannot be there, found without running anything."""

import re
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from platform_assets.components import report_checks
from platform_assets.reporting import ReportDeclaration, ReportError, check

MakeReport = Callable[..., ReportDeclaration]

KNOWN = {
    "marts.days": ["date", "revenue", "detail"],
    "marts.orders": ["order_id", "date", "lines"],
    "raw.loose": [],
}


def block(sql: str, name: str = "q") -> str:
    """Return a report with one query, whose SQL begins on line 2."""
    return f"```sql {name}\n{sql}\n```\n"


@pytest.mark.parametrize(
    ("sql", "line", "column", "near"),
    [
        ("select date,\n  revenu from marts.days", 3, "revenu", "revenue"),
        ("select d.date, d.revenu from marts.days as d", 2, "d.revenu", "revenue"),
        ("select 1 as one from marts.days\nwhere revenu > 1", 3, "revenu", "revenue"),
        ("with a as (select * from marts.days)\nselect revenu from a", 3, "revenu", "revenue"),
        ("select date from marts.days union all\nselect dat from marts.days", 3, "dat", "date"),
        ("select * from marts.days where date in (select dat from marts.orders)", 2, "dat", "date"),
        ("select 1 from marts.days\nsemi join marts.orders o on o.dte = 1", 3, "o.dte", "date"),
        ("select sum(revenue) over (order by dat) as r from marts.days", 2, "dat", "date"),
        ("select x.date from (select date as day from marts.days) as x", 2, "x.date", "day"),
        ("select generated_ on_ from this_report", 2, "generated_", "generated_on"),
    ],
)  # fmt: skip
def test_a_column_that_is_not_there_is_answered_with_line_and_nearest_name(
    make_report: MakeReport, sql: str, line: int, column: str, near: str
) -> None:
    with pytest.raises(ReportError) as caught:
        check(make_report(block(sql)), KNOWN)
    told = f"sales/report.md, line {line}: query `q`: there is no column `{column}`."
    assert told in str(caught.value)
    assert near in str(caught.value)


@pytest.mark.parametrize(
    "sql",
    [
        "select anything, l.other from raw.loose as l where third > 1",
        "select sum(revenue) as r, r * 2 as twice from marts.days group by all order by twice, r",
        "select i, date, unnest([1]) as u from marts.days, generate_series(1, 3) t(i)",
        "select list_transform(lines, x -> x + 1) as l, detail.a.b from marts.orders, marts.days",
        "select t.y from (values (1, 2)) t(x, y) where x > 1",
        "with recursive c(n) as (select 1 union all select n + 1 from c) select n from c",
        "select * exclude (date), columns('r.*') from marts.days",
        "select * from (pivot marts.days on date using sum(revenue)) where whatever > 1",
        "select 1 from raw.loose where exists (select 1 from marts.orders where date = loose_day)",
        "select d from marts.days as d where rowid > 1 order by all",
        "select MARTS.Days.DATE, \"Revenue\" from Marts.days",
        "select count(*) from marts.days as d where exists\n"
        "(select 1 from marts.orders o where o.date = d.date and revenue > 1)",
    ],
)  # fmt: skip
def test_what_can_not_be_told_is_not_judged(make_report: MakeReport, sql: str) -> None:
    check(make_report(block(sql)), KNOWN)


def test_a_query_gives_its_columns_to_those_that_name_it(make_report: MakeReport) -> None:
    text = block("select dy from a") + block("select date as day from marts.days", "a")
    with pytest.raises(ReportError, match=re.escape("no column `dy`.\nDid you mean `day`?")):
        check(make_report(text), KNOWN)
    check(make_report(text.replace("dy", "day")), KNOWN)
    unknown = block("select dy from a") + block("select * from raw.loose", "a")
    check(make_report(unknown), KNOWN)


@pytest.mark.parametrize(
    ("shown", "message"),
    [
        ("{{ q.dat }}", "line 5: query `q` has no column `dat`.\nDid you mean `date`?"),
        ("{{ q.date | daay }}", "line 5: there is no format `daay`.\nDid you mean `day`?"),
        ("```chart\ntype: bar\nquery: q\nx: dat\ny: revenue\n```", "line 5: query `q` has no"),
        ("```table\nquery: q\ncolumns: [revenu]\n```", "Did you mean `revenue`?"),
        ("```table\nquery: q\ncolumns: {revenue: {total: revenue / dat}}\n```", "`dat`"),
        ("```numbers\n- {label: R, value: q.revenue, compare: {Before: q.befor}}\n```", "`befor`"),
        ("```funnel\nquery: q\nstep: date\nvalue: n\n```", "query `q` has no column `n`"),
    ],
)
def test_a_block_shows_only_what_its_query_gives(
    make_report: MakeReport, shown: str, message: str
) -> None:
    with pytest.raises(ReportError, match=re.escape(message)):
        check(make_report(f"{block('select date, revenue from marts.days')}\n{shown}\n"), KNOWN)


def test_a_data_time_that_no_query_gives_is_refused(make_report: MakeReport) -> None:
    text = block("select date from marts.days")
    check(make_report(text, data_time="q.date"), KNOWN)
    with pytest.raises(ReportError, match=r"sales/defs\.yaml: `data_time` is q\.day"):
        check(make_report(text, data_time="q.day"), KNOWN)


def spec(table: str, columns: list[str], **metadata: object) -> dg.AssetSpec:
    """Return an asset with a table of these columns."""
    schema = dg.TableSchema(columns=[dg.TableColumn(name) for name in columns])
    return dg.AssetSpec(
        table.split("."),
        tags={"layer": table.split(".", maxsplit=1)[0]},
        metadata={
            "dagster/table_name": f"lake.{table}",
            "dagster/column_schema": schema,
            **metadata,
        },
    )


def test_columns_are_known_where_a_contract_or_a_closed_source_says_so() -> None:
    manifest = {
        "nodes": {
            "model.a": {"schema": "marts", "name": "a", "config": {"contract": {"enforced": True}}},
            "model.b": {"schema": "staging", "name": "b", "config": {"contract": {}}},
        }
    }
    closed = {"new_columns": "freeze", "glob": "c/*.csv"}
    found = report_checks.tables(
        [
            spec("marts.a", ["x"]),
            spec("staging.b", ["x"]),
            spec("raw.c", ["x"], source=dg.MetadataValue.json(closed)),
            spec("raw.d", ["x"], source=dg.MetadataValue.json({"new_columns": "evolve"})),
            spec("raw.e", ["x"], source=dg.MetadataValue.json({**closed, "glob": "e/**/*.csv"})),
            spec("platform.ledger", ["load_id"]),
        ],
        manifest,
    )
    assert found == {
        "marts.a": ("x",),
        "staging.b": (),
        "raw.c": ("x",),
        "raw.d": (),
        "raw.e": (),
        "platform.ledger": ("load_id",),
    }


def test_every_report_of_a_folder_is_checked_and_every_mistake_told(tmp_path: Path) -> None:
    for name, sql in (("good", "date"), ("bad", "dat"), ("worse", "sum((date)")):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "defs.yaml").write_text(
            "type: platform_assets.components.Report\nattributes: {title: T, freshness: {fail: 2d}}"
        )
        (folder / "report.md").write_text(block(f"select {sql} from marts.days"))
    assert [told.split(":")[0] for told in report_checks.problems(tmp_path)] == [
        "worse/report.md, line 2"
    ]
    told = report_checks.problems(tmp_path, {k: tuple(v) for k, v in KNOWN.items()})
    assert [one.split(":")[0] for one in told] == [
        "bad/report.md, line 2",
        "worse/report.md, line 2",
    ]
