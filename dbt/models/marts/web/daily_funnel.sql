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
        count(*) filter (where product_views > 0) as product_views,
        count(*) filter (where adds_to_cart > 0) as added_to_cart,
        count(*) filter (where checkouts > 0) as checkouts,
        count(*) filter (where orders > 0) as purchases,
        {% if is_incremental() -%} least(max(_load_id), {{ until }}) {%- else -%} max(_load_id) {%- endif %} as _load_id
    from {{ ref('fct_sessions') }}
    where not is_bot {%- if is_incremental() %} and {{ date_in('session_date', dates) }} {%- endif %}
    group by session_date, platform

)

select
    date,
    platform,
    cast(sessions as {{ dbt.type_bigint() }}) as sessions,
    cast(product_views as {{ dbt.type_bigint() }}) as product_views,
    cast(added_to_cart as {{ dbt.type_bigint() }}) as added_to_cart,
    cast(checkouts as {{ dbt.type_bigint() }}) as checkouts,
    cast(purchases as {{ dbt.type_bigint() }}) as purchases,
    cast(_load_id as {{ dbt.type_bigint() }}) as _load_id
from by_day
{% for date in dates or [] -%}
union all
select {{ date }}, '', 0, 0, 0, 0, 0, 0
{% endfor -%}
