{{
    config(
        materialized='incremental',
        incremental_strategy='replace',
        on_schema_change='fail',
        meta={
            'replaces': 'old.page_view_id = new.page_view_id',
            'within': {'column': 'viewed_at', 'first': 'viewed_at', 'last': 'viewed_at'},
        },
    )
}}
{#- Touched: the page views of every session that changed. -#}
{%- if is_incremental() -%}
    {%- set changed = '_load_id > ' ~ last_load(this) ~ ' and _load_id <= ' ~ last_load(ref('fct_sessions')) -%}
    {%- set dates = date_list(
        dates_between(ref('fct_sessions') ~ ' where ' ~ changed, 'session_start_at', 'session_end_at')
    ) -%}
{%- endif %}

with sessions as (

    select *
    from {{ ref('fct_sessions') }}
    {% if is_incremental() -%} where {{ changed }} {%- endif %}

),

events as (

    select
        s.session_id,
        s.person_id,
        s.customer_id,
        s.is_bot,
        s._load_id as session_load_id,
        e.*,
        lead(e.event_at) over (partition by s.session_id order by e.event_at, e.message_id) as next_at
    from {{ ref('stg_web_events') }} as e
    inner join sessions as s
        on e.device_id = s.device_id and e.event_at between s.session_start_at and s.session_end_at
    {% if is_incremental() -%} where {{ date_in('e.event_date', dates) }} {%- endif %}

),

views as (

    select
        *,
        row_number() over (partition by session_id order by event_at, message_id) as view_number,
        count(*) over (partition by session_id) as views
    from events
    where type in ('page', 'screen')

)

select
    message_id as page_view_id,
    session_id,
    device_id,
    person_id,
    customer_id,
    platform,
    event_at as viewed_at,
    event_date as view_date,
    name as page_name,
    url,
    host,
    path,
    title,
    search,
    referrer,
    cast(view_number as {{ dbt.type_bigint() }}) as view_number,
    view_number = 1 as is_entry,
    view_number = views as is_exit,
    cast({{ ms_between('event_at', 'next_at') }} as {{ dbt.type_bigint() }}) as milliseconds_to_next,
    is_bot,
    cast(session_load_id as {{ dbt.type_bigint() }}) as _load_id
from views
