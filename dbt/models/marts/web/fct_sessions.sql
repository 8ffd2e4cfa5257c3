{{
    config(
        materialized='incremental',
        incremental_strategy='replace',
        on_schema_change='fail',
        meta={
            'replaces': 'old.device_id = new.device_id
                and old.session_start_at between new.session_start_at and new.session_end_at',
            'within': {
                'column': 'session_start_at', 'first': 'session_start_at', 'last': 'session_end_at',
            },
        },
    )
}}
{#- Touched: sessions that changed; all of a device that became known; those whose user agent has been
    classed since. Goes no further than both parents are, so that nothing of the slower one is missed. -#}
{%- set agents = source('staging_python', 'user_agents') -%}
{%- if is_incremental() -%}
    {%- set since = last_load(this) -%}
    {%- set until = [last_load(ref('int_sessions')), last_load(ref('int_identity'))] | min -%}
    {%- set seen = date_range(
        'select cast(min(first_seen_at) as date), cast(max(last_seen_at) as date) from '
        ~ ref('int_identity') ~ ' where identity_load_id > ' ~ since
    ) -%}
    {%- set unclassed = date_range(
        'select min(session_date), max(session_date) from ' ~ this ~ " where device_class = 'unknown'"
    ) -%}
{%- else -%}
    {%- set until -%}
        (select least((select max(_load_id) from {{ ref('int_sessions') }}), max(_load_id)) from {{ ref('int_identity') }})
    {%- endset -%}
{%- endif %}

with sessions as (

    select s.*, s._load_id as touched_load_id
    from {{ ref('int_sessions') }} as s
    where s._load_id <= {{ until }}
    {%- if is_incremental() %}
        and s._load_id > {{ since }}
    {%- if seen %}

    union

    select s.*, s._load_id
    from {{ ref('int_sessions') }} as s
    where s._load_id <= {{ since }}
        and s.session_date between {{ seen.first }} and {{ seen.last }}
        and s.device_id in (
            select device_id from {{ ref('int_identity') }} where identity_load_id > {{ since }}
        )
    {%- endif %}
    {%- if unclassed and until > since %}

    union

    select s.*, {{ until }}
    from {{ ref('int_sessions') }} as s
    where s._load_id <= {{ since }}
        and s.session_date between {{ unclassed.first }} and {{ unclassed.last }}
        and s.session_id in (select session_id from {{ this }} where device_class = 'unknown')
        and s.user_agent in (select user_agent from {{ agents }})
    {%- endif %}
    {%- endif %}

),

known as (

    select
        s.*,
        coalesce(s.user_id, i.user_id) as known_as,
        u.device_class,
        u.browser,
        u.os,
        u.is_bot,
        r.source_category,
        max(
            greatest(s.touched_load_id, case when s.user_id is null then coalesce(i.identity_load_id, 0) else 0 end)
        ) over (partition by s.session_id) as known_load_id,
        row_number() over (partition by s.session_id order by s.touched_load_id) as copy
    from sessions as s
    left join {{ ref('int_identity') }} as i on s.device_id = i.device_id
    left join {{ agents }} as u on s.user_agent = u.user_agent
    left join {{ ref('referrer_hosts') }} as r on s.referrer_host = r.host

)

select
    session_id,
    device_id,
    coalesce(known_as, device_id) as person_id,
    cast({{ re_group('known_as', '^c_([0-9]+)$') }} as {{ dbt.type_bigint() }}) as customer_id,
    platform,
    session_start_at,
    session_end_at,
    session_date,
    duration_seconds,
    cast(events as {{ dbt.type_bigint() }}) as events,
    cast(page_views as {{ dbt.type_bigint() }}) as page_views,
    entry_page,
    exit_page,
    case
        when utm_source is not null then utm_source
        when referrer_host <> '' then referrer_host
        when platform = 'app' then '(app)'
        else '(direct)'
    end as source,
    case
        when utm_source is not null then coalesce(nullif(utm_medium, ''), '(not set)')
        when referrer_host = '' or referrer_host is null then '(none)'
        when source_category = 'search' then 'organic'
        else 'referral'
    end as medium,
    coalesce(nullif(utm_campaign, ''), '(not set)') as campaign,
    nullif(referrer_host, '') as referrer_host,
    coalesce(device_class, case when user_agent is null then 'other' else 'unknown' end) as device_class,
    browser,
    os,
    country,
    coalesce(is_bot, false) as is_bot,
    page_views <= 1 and events = page_views as is_bounce,
    cast(product_views as {{ dbt.type_bigint() }}) as product_views,
    cast(adds_to_cart as {{ dbt.type_bigint() }}) as adds_to_cart,
    cast(checkouts as {{ dbt.type_bigint() }}) as checkouts,
    cast(orders as {{ dbt.type_bigint() }}) as orders,
    revenue,
    cast(least(known_load_id, {{ until }}) as {{ dbt.type_bigint() }}) as _load_id
from known
where copy = 1
