{{ config(materialized='view') }}

{#- Nothing may have landed yet: nobody looked, or recording is off. Then there is no table. What is
    only compiled is read for its lineage, and says what is read once there is one. -#}
{%- set raw = source('raw', 'usage') -%}
{%- set is_there = not execute or flags.WHICH == 'compile' or raw.is_cte or table_exists(raw) -%}
{%- set text = dbt.type_string() -%}
{%- set columns = {
    'used_at': t_ts(), 'used_date': 'date', 'kind': text, 'page': text, 'asset': text, 'text': text,
    'results': dbt.type_bigint(), 'is_narrowed': 'boolean', 'came_from': text, 'version': text,
    'format': text, 'dependents': dbt.type_bigint(), 'person': text, '_load_id': dbt.type_bigint(),
} -%}

{%- if is_there -%}
select
    {{ utc_ts('used_at') }} as used_at,
    cast({{ utc_ts('used_at') }} as date) as used_date,
    kind,
    page,
    asset,
    lower(trim(text)) as text,
    results,
    coalesce(narrowed, false) as is_narrowed,
    came_from,
    version,
    format,
    dependents,
    person,
    _load_id
from {{ raw }}
{%- else -%}
select
    {% for name, kind in columns.items() -%}
    cast(null as {{ kind }}) as {{ name }}{{ '' if loop.last else ',' }}
    {% endfor -%}
where 1 = 0
{%- endif %}
