{{
    config(
        materialized='incremental',
        incremental_strategy='replace',
        on_schema_change='fail',
        meta={
            'replaces': 'old.date = new.date',
            'within': {'column': 'date', 'first': 'date', 'last': 'date'},
            'keeps': 'new.sessions > 0',
        },
    )
}}
{#- Touched: every day that a changed session lies on, because a session that grows together with an
    earlier one leaves the day it had. A day without sessions stands in the new rows once, to be emptied. -#}
{%- if is_incremental() -%}
    {%- set until = last_load(ref('fct_sessions')) -%}
    {%- set dates = date_list(
        dates_between(
            ref('fct_sessions') ~ ' where _load_id > ' ~ last_load(this) ~ ' and _load_id <= ' ~ until,
            'session_start_at', 'session_end_at'
        )
    ) -%}
{%- endif %}

with by_day as (

    select
        session_date as date,
        platform,
        count(*) as sessions,
        count(distinct person_id) as visitors,
        count(distinct device_id) as devices,
        sum(page_views) as page_views,
        count(*) filter (where is_bounce) as bounces,
        sum(duration_seconds) as duration_seconds,
        sum(orders) as orders,
        sum(revenue) as revenue,
        {% if is_incremental() -%} least(max(_load_id), {{ until }}) {%- else -%} max(_load_id) {%- endif %} as _load_id
    from {{ ref('fct_sessions') }}
    where not is_bot {%- if is_incremental() %} and {{ date_in('session_date', dates) }} {%- endif %}
    group by session_date, platform

)

select
    date,
    platform,
    cast(sessions as {{ dbt.type_bigint() }}) as sessions,
    cast(visitors as {{ dbt.type_bigint() }}) as visitors,
    cast(devices as {{ dbt.type_bigint() }}) as devices,
    cast(page_views as {{ dbt.type_bigint() }}) as page_views,
    cast(bounces as {{ dbt.type_bigint() }}) as bounces,
    {{ ratio('bounces', 'sessions') }} as bounce_rate,
    {{ ratio('duration_seconds', 'sessions', 1) }} as average_seconds,
    cast(orders as {{ dbt.type_bigint() }}) as orders,
    cast(revenue as {{ t_money() }}) as revenue,
    cast(_load_id as {{ dbt.type_bigint() }}) as _load_id
from by_day
{% for date in dates or [] -%}
union all
select {{ date }}, '', 0, 0, 0, 0, 0, null, null, 0, 0, 0
{% endfor -%}
