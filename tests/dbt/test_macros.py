"""The shim macros, each with the values that engines are known to differ in.

What is expected stands here as plain values, and not as what another engine makes: an engine is one
entry more in `RUNNERS`. What does not belong here: macros that are plain SQL on top of these.
"""

import os
import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from resources.dbt import DbtProject, environment
from resources.settings import PROJECT_ROOT
from resources.warehouse import Warehouse

JSON = (
    """'{"page": {"url": "/a", "n": 1.50}, "money": "-12.345", "none": null, "empty": "", """
    """"name": "Zoë", "big": 12345678901234567890}'"""
)
PATHS = "['page.url', 'none', 'empty', 'name', 'missing']"
ROWS = (
    "(select 1 as o, cast(null as varchar) as v, 5 as n union all select 2, 'b', 4 "
    "union all select 3, 'a', 5 union all select 4, 'ü', -1) as r"
)
AT = datetime.fromisoformat
TS = "cast('{}' as timestamp)".format
# Macro → expressions in dbt's Jinja, and what each is worth.
CASES: dict[str, dict[str, Any]] = {
    "json_text": {
        "json_text(j, 'page.url')": "/a",
        "json_text(j, 'name')": "Zoë",
        "json_text(j, 'none')": None,
        "json_text(j, 'empty')": None,
        "json_text(j, 'missing.deep')": None,
        "json_text('cast(null as varchar)', 'name')": None,
        "json_money(j, 'money')": Decimal("-12.35"),  # half goes away from zero
        "json_money(j, 'page.n')": Decimal("1.50"),
        "json_integer(j, 'money')": -12,
        "json_text(j, 'big')": "12345678901234567890",
    },
    "json_record": {
        f"json_item(json_record(j, {PATHS}), {PATHS}, 'page.url')": "/a",
        f"json_item(json_record(j, {PATHS}), {PATHS}, 'name')": "Zoë",
    },
    "json_item": {
        f"json_item(json_record(j, {PATHS}), {PATHS}, '{path}')": None
        for path in ("none", "empty", "missing")
    },
    "re_group": {
        "re_group(\"'order 7 of 12'\", '([0-9]+)')": "7",
        "re_group(\"'none'\", '([0-9]+)')": None,
        "re_group('cast(null as varchar)', '([0-9]+)')": None,
        "re_group(\"'Straße/ü'\", '^([^/]+)')": "Straße",
        "re_group(\"'a.b'\", '^a[.](.*)$')": "b",
        "re_group(\"'a.'\", '^a[.](.*)$')": None,  # an empty group is none
    },
    "re_like": {
        "re_like(\"'shop.example'\", '[.]example$')": True,
        "re_like(\"'shopxexample'\", '[.]example$')": False,
        "re_like(\"'Grüße'\", '^Gr.+e$')": True,
        "re_like('cast(null as varchar)', 'a')": None,
    },
    "url_decode": {
        "url_decode(\"'a+b%26c'\")": "a b&c",
        "url_decode(\"'%C3%A9%2B'\")": "é+",
        "url_decode(\"'100%25'\")": "100%",
        "url_decode(\"'ü'\")": "ü",
        "url_decode(\"''\")": "",
        "url_decode('cast(null as varchar)')": None,
        "url_query_param(\"'https://x.example/?q=a%20b&e=#f'\", 'q')": "a b",
        "url_query_param(\"'https://x.example/?q=a%20b&e=#f'\", 'e')": None,
    },
    "mask_numbers": {
        "mask_numbers(\"'took 12 of 300 in UTF-8'\")": "took # of # in UTF-8",
        "mask_numbers(\"'7 left'\")": "# left",
        "mask_numbers('cast(null as varchar)')": None,
    },
    "int_div": {
        "int_div('7', '2')": 3,
        "int_div('-7', '2')": -3,  # towards zero
        "int_div('7', '-2')": -3,
        "int_div('cast(null as bigint)', '2')": None,
        "ratio('1', '3')": Decimal("0.3333"),
        "ratio('2', '3', 2)": Decimal("0.67"),
        "ratio('-1', '8', 2)": Decimal("-0.13"),  # half goes away from zero
        "ratio('1', '0')": None,
    },
    "ms_between": {
        f'ms_between("{TS("2026-01-01 10:00:10")}", "{TS("2026-01-01 10:00:50")}")': 40_000,
        f'ms_between("{TS("2026-01-01 00:00:01")}", "{TS("2025-12-31 23:59:59.5")}")': -1_500,
        f'ms_between("{TS("2024-02-28 23:59:59.999")}", "{TS("2024-03-01")}")': 86_400_001,
        f'ms_between("{TS("1969-12-31 23:59:59.25")}", "{TS("1970-01-01")}")': 750,
        f'ms_between("cast(null as timestamp)", "{TS("1970-01-01")}")': None,
    },
    "ts_add": {
        f'ts_add("{TS("2026-01-01 00:00:00.5")}", 30, "minute")': AT("2026-01-01 00:30:00.500000"),
        f'ts_add("{TS("2024-02-28 12:00:00.123456")}", 1, "day")': AT("2024-02-29 12:00:00.123456"),
        f'ts_add("{TS("2026-03-01")}", -1, "day")': AT("2026-02-28 00:00:00"),
        f'ts_add("{TS("2026-03-01 00:00:00.25")}", "-1 * 2", "second")': AT(
            "2026-02-28 23:59:58.250000"
        ),
        f'ts_add("{TS("2024-01-31")}", 1, "month")': AT("2024-02-29 00:00:00"),
        'ts_add("cast(null as timestamp)", 1, "day")': None,
    },
    "utc_ts": {
        f'"cast({TS("2026-01-01 00:00:00.123456")} as " ~ t_ts() ~ ")"': AT(
            "2026-01-01 00:00:00.123456"
        ),
        f'week_of("{TS("2026-03-01 23:59:59")}")': date(2026, 2, 23),  # a Sunday's Monday
        f'month_of("{TS("2024-02-29 10:00:00")}")': date(2024, 2, 1),
        "days_between(\"cast('2024-02-28' as date)\", \"cast('2024-03-01' as date)\")": 2,
        "days_between(\"cast('2026-01-02' as date)\", \"cast('2026-01-01' as date)\")": -1,
        "utc_ts(\"'2026-03-29T01:59:59.123456+02:00'\")": AT("2026-03-28 23:59:59.123456"),
        "utc_ts(\"'2024-02-29 23:30:00-01:00'\")": AT("2024-03-01 00:30:00"),
        "utc_ts(\"'2026-01-01 00:00:00'\")": AT("2026-01-01 00:00:00"),  # sessions run in UTC
        "utc_ts('cast(null as varchar)')": None,
    },
    "first_by": {
        f'"(select " ~ first_by("v", "o") ~ " from {ROWS})"': "b",  # nulls do not count
        f'"(select " ~ last_by("v", "o") ~ " from {ROWS})"': "ü",
        f'"(select " ~ first_by("v", "o", "n = 5") ~ " from {ROWS})"': "a",
        f'"(select " ~ first_by("v", "o", "n = 99") ~ " from {ROWS})"': None,
    },
    "str_agg": {
        f'"(select " ~ str_agg("v", "|", "o") ~ " from {ROWS})"': "b|a|ü",
        f'"(select " ~ str_agg("v", ", ", "-o") ~ " from {ROWS})"': "ü, a, b",
        f'"(select " ~ str_agg("v", "|", "o") ~ " from {ROWS} where o = 1)"': None,
    },
    "dates_between": {
        f'"(select " ~ count ~ " from (" ~ dates_between("(select {TS(first)} as a, {TS(last)} as b'
        f') as s", "a", "b") ~ ") as d)"': days
        for first, last, days in (
            ("2024-02-28 23:59:59.9", "2024-03-01 00:00:00", "2024-02-28 2024-02-29 2024-03-01"),
            ("2026-01-01 10:00:00", "2026-01-01 10:00:00", "2026-01-01"),
        )
    },
}
# Asked of a lake with tables in it, by the models' own tests.
ELSEWHERE = {"table_exists"}


def on_duckdb(sql: str) -> list[Any]:
    """Return the one row of a query, run as the models are."""
    row = Warehouse.from_settings().connect().execute(sql).fetchone()
    assert row is not None
    return list(row)


# Engine → what runs SQL on it; the macros are compiled for the engine of the settings.
RUNNERS: dict[str, Callable[[str], list[Any]]] = {"duckdb": on_duckdb}


@pytest.fixture(params=RUNNERS)
def values(
    request: pytest.FixtureRequest, project_data: Any, manifest: Manifest
) -> dict[tuple[str, str], Any]:
    """What every expression is worth on an engine, all compiled and asked for at once."""
    asked = [(macro, expression) for macro, cases in CASES.items() for expression in cases]
    columns = ",\n".join(
        f"{{{{ {expression} }}}} as c{n}" for n, (_, expression) in enumerate(asked)
    )
    days = "string_agg(cast(day as varchar), ' ' order by day)"
    template = f"{{%- set j = {JSON!r} -%}}{{%- set count = {days!r} -%}}select {columns}"
    os.environ.update(environment())
    Warehouse.from_settings().connect().close()
    arguments = DbtProject.from_settings()._arguments("compile", ["--inline", template], quiet=True)
    done = dbtRunner(manifest=manifest).invoke(arguments)
    assert done.success, done.exception
    compiled = done.result.results[0].node.compiled_code  # type: ignore[union-attr]
    found = RUNNERS[request.param](compiled)
    return dict(zip(asked, found, strict=True))


def test_every_shim_macro_says_what_is_expected(values: dict[tuple[str, str], Any]) -> None:
    expected = {
        (macro, expression): value
        for macro, cases in CASES.items()
        for expression, value in cases.items()
    }
    wrong = {
        f"{macro}: {expression}": (values[macro, expression], value)
        for (macro, expression), value in expected.items()
        if values[macro, expression] != value
    }
    assert not wrong, "\n".join(f"{k}\n  is {v[0]!r}, not {v[1]!r}" for k, v in wrong.items())


def test_every_macro_that_asks_for_the_engine_is_tested() -> None:
    folder = PROJECT_ROOT / "dbt" / "macros"
    found = {
        name
        for path in folder.rglob("*.sql")
        for name in re.findall(r"adapter\.dispatch\('(\w+)', 'platform'\)", path.read_text())
    }
    assert found == set(CASES) | ELSEWHERE
