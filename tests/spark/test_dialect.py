"""The shim macros: each says the same on DuckDB and on Spark, to the last digit.

What they are stands in dbt/macros; here are the odd values, and a model for each kind of them.
"""

import os
from pathlib import Path
from typing import Any

import pytest

from resources.settings import settings
from tests.spark.small_project import SmallProject

pytestmark = [pytest.mark.xdist_group("spark"), pytest.mark.timeout(300)]

TEXTS = """
{%- set url = 'https://user:pw@Www.Shop.example:8443/a/b%20c' %}
{%- set said = 'took 12 of 300 in UTF-8: value "x" is not exactly a decimal(8,2)' %}
with r as (
    select '{{ url }}?q=a+b%26c&utm_source=News%20Letter&e=#frag' as t, 1 as n
    union all select '/only/path?q=%zz&utm_source=%', 2
    union all select 'app://x', 3
    union all select '', 4
    union all select null, 5
    union all select 'https://ä.example/ü?q=%C3%A9%2B', 6
    union all select '{{ said }}', 7
    union all select 'https://www.google.co.uk?q=100%25', 8
)
select
    n,
    {{ url_host('t') }} as host,
    {{ url_path('t') }} as path,
    {{ url_query_param('t', 'q') }} as q,
    {{ url_query_param('t', 'utm_source') }} as source,
    {{ url_decode('t') }} as decoded,
    {{ re_group('t', '([0-9]+)') }} as digits,
    {{ re_like('t', '[.]example') }} as example,
    {{ reason_kind('t') }} as kind,
    {{ mask_numbers('t') }} as masked,
    {{ exported_on('t') }} as exported,
    {{ default_channel_group('t', "'cpc'", "'summer shop'", 'null') }} as channel,
    {{ dbt.hash('t') }} as hashed,
    {{ fingerprint(['t', 'n']) }} as printed,
    {% for name in source_names('t') %} {{ name }} as source_{{ loop.index }}, {% endfor %}
    {{ person_of_customer('nullif(n, 5)') }} as person
from r
"""
JSONS = """
{%- set paths = ['page.url', 'page.n', 'money', 'none', 'empty', 'big'] %}
with r as (
    select '{"page": {"url": "/a", "n": 1.50}, "money": "12.345", "none": null, "empty": ""}' as j,
        1 as n
    union all select '{"page": {"url": "é"}, "money": -0.005, "big": 12345678901234567890}', 2
    union all select '{}', 3
    union all select null, 4
),
records as (select *, {{ json_record('j', paths) }} as record from r)
select
    n,
    {{ json_text('j', 'page.url') }} as url,
    {{ json_money('j', 'money') }} as money,
    {{ json_integer('j', 'money') }} as whole,
    {{ json_text('j', 'big') }} as big,
    {% for path in paths[:5] %}
    {{ json_item('record', paths, path) }} as item_{{ loop.index }},
    {% endfor %}
    {{ json_money('j', 'page.n') }} as n_money
from records
"""
TIMES = """
with r as (
    select '2026-03-29T01:59:59.123456+02:00' as z, timestamp '2026-01-31 23:59:59.999' as a,
        timestamp '2026-03-01 00:00:00.0005' as b, date '2024-02-29' as d, 1 as n
    union all select '2026-01-01 00:00:00', timestamp '1969-12-31 23:59:59.5',
        timestamp '1970-01-01 00:00:00', date '2026-12-28', 2
    union all select null, null, null, null, 3
)
select
    n,
    {{ utc_ts('z') }} as utc,
    {{ ts_add('a', 1, 'month') }} as month_later,
    {{ ts_add('a', -30, 'minute') }} as earlier,
    {{ ts_add('b', 2, 'day') }} as days_later,
    {{ ms_between('a', 'b') }} as ms,
    {{ ms_between('b', 'a') }} as ms_back,
    {{ int_div(ms_between('a', 'b'), 1000) }} as seconds,
    {{ int_div(ms_between('b', 'a'), 1000) }} as seconds_back,
    {{ days_between('cast(a as date)', 'cast(b as date)') }} as days,
    {{ month_of('a') }} as month_of,
    {{ week_of('b') }} as week_of,
    {{ week_of('d') }} as week_of_date,
    {{ month_of('d') }} as month_of_date,
    cast(a as date) as day,
    {{ fingerprint(['a', 'b', 'd']) }} as printed,
    {{ dbt.datediff('d', 'cast(b as date)', 'month') }} as months
from r
"""
ROWS = """
with r as (
    select 'a' as g, 3 as place, 'x' as v, 7 as whole, cast(10.00 as decimal(18, 2)) as money
    union all select 'a', 1, null, -7, cast(-3.33 as decimal(18, 2))
    union all select 'a', 2, 'y', 8, cast(0.01 as decimal(18, 2))
    union all select 'b', 1, null, 0, null
)
"""
GROUPS = """
select
    g,
    {{ first_by('v', 'place') }} as first_v,
    {{ last_by('v', 'place') }} as last_v,
    {{ first_by('whole', 'place', 'whole > 0') }} as first_positive,
    {{ str_agg('v', ', ', 'place') }} as texts,
    {{ ratio('sum(money)', 'sum(whole)', 4) }} as ratio,
    {{ ratio('1', '0') }} as nothing,
    {{ ratio('2', '3', 6) }} as two_thirds,
    {{ ratio('-5', '1000', 2) }} as half_down,
    {{ int_div('min(whole)', '2') }} as halved,
    {{ money_sum('money', 'whole > 0') }} as money,
    {{ count_where('whole > 0') }} as positive,
    {{ count_where('true', distinct='v') }} as distinct_v
from r
group by g
"""
LATEST = """
select g, v, _line from (
    {{ latest_per_key(
        "(select g, v, place as _load_id, 'f' as _file, whole as _line from r) as s", ['g'], ['v']
    ) }}
) as latest
"""
DAYS = """
{%- set spans -%}
    (select timestamp '2026-02-27 12:00:00' as a, timestamp '2026-03-02 11:00:00' as b
    union all select timestamp '2026-03-01 00:00:00', timestamp '2026-03-01 00:00:00') as r
{%- endset %}
{{ dates_between(spans, 'a', 'b') }}
"""
MONTHS = """
{%- set dates = "(select date '2025-11-30' as d union all select date '2026-02-01') as r" %}
select period from ({{ periods(dates, 'd', 'month', 16) }}) as p
"""
PRIORITIES = """
{%- set cost = '(coalesce(value, 1.5) + greatest(urgency, risk)) / size' %}
{%- set formula = cost ~ ' - reach / (impact - 1)' %}
with r as (
    select 1 as n, 0.125e0 as value, 2.675e0 as urgency, 3e0 as risk, 5e0 as size,
        1234.56789e0 as reach, 0.25e0 as impact, cast(null as double) as nothing
    union all select 2, null, null, 100e0, 3e0, 0e0, 3e0, null
    union all select 3, 1e0, 1e0, 1e0, 0e0, null, 3e0, null
    union all select 4, 1e0, 1e0, 1e0, 2e0, 9e6, 1e0, null
    union all select 5, -1.005e0, 1e0, 1e0, 8e0, -2.5e0, 1e-5, null
),
scored as (select *, {{ priority_score(formula) }} as score from r)
select
    n,
    cast(score as decimal(18, 2)) as score,
    {{ priority_arithmetic(formula, 'score') }} as arithmetic,
    {{ number_text('reach', 4) }} as reach,
    {{ number_text('value', 2) }} as value
from scored
"""
MIDDLES = """
select
    g,
    {{ mean('whole', 2) }} as mean,
    {{ mean('nullif(whole, whole)', 2) }} as mean_of_none,
    cast(percentile_cont(0.5) within group (
        order by case when whole > 0 then cast(whole as double) end
    ) as decimal(18, 1)) as median
from r
group by g
"""
MODELS = {
    "texts": TEXTS,
    "jsons": JSONS,
    "times": TIMES,
    "groups": ROWS + GROUPS,
    "latest": ROWS + LATEST,
    "days": DAYS,
    "months": MONTHS,
    "priorities": PRIORITIES,
    "middles": ROWS + MIDDLES,
}


def built(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of all models, built on the engine of the settings."""
    project = SmallProject(folder)
    for name, sql in MODELS.items():
        project.write(name, sql)
    assert set(project.run("run").values()) == {"success"}
    return {name: project.rows(f"SELECT * FROM marts.{name} ORDER BY 1") for name in MODELS}


def test_each_shim_says_the_same_on_both_engines(spark_data: Path, tmp_path: Path) -> None:
    spark = built(tmp_path / "spark")
    del os.environ["PLATFORM_SPARK_URL"]
    os.environ["PLATFORM_DATA_DIR"] = str(tmp_path / "here")
    settings.cache_clear()
    duckdb = built(tmp_path / "duckdb")
    for name, rows in duckdb.items():
        assert spark[name] == rows, name
    assert [row[:4] for row in duckdb["texts"][:2]] == [
        (1, "www.shop.example", "/a/b%20c", "a b&c"),
        (2, None, "/only/path", "%zz"),
    ]
    assert [len(duckdb[name]) for name in ("days", "months", "latest")] == [4, 4, 2]
    assert [row[2] for row in duckdb["priorities"][2:4]] == [
        "size and reach are not estimated",
        "(coalesce(value 1, 1.5) + greatest(urgency 1, risk 1)) ÷ size 2 - reach 9000000 "
        "÷ (impact 1 - 1) divides by 0",
    ]
