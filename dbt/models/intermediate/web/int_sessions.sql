{{
    config(
        materialized='incremental',
        incremental_strategy='replace',
        meta={
            'replaces': 'old.device_id = new.device_id
                and old.session_start_at between new.session_start_at and new.session_end_at',
            'within': {
                'column': 'session_start_at', 'first': 'session_start_at', 'last': 'session_end_at',
            },
        },
    )
}}
{%- set events = ref('stg_web_events') -%}
{%- set increment = session_increment(events, this, 'device_id', 'event_at') if is_incremental() else none -%}
{%- set is_view = "type in ('page', 'screen')" -%}
{%- set is_external = 'referrer_host is not null and referrer_host <> coalesce(host, referrer_host)' %}

with numbered as (

    {{ numbered_events(events, 'device_id', 'event_at', 'event_date', 'message_id', increment) }}

),

marked as (

    select
        *,
        event = 'Order Completed' and row_number() over (
            partition by device_id, session_number, event, coalesce(order_id, message_id) order by place
        ) = 1 as is_order
    from numbered

)

select
    {{ dbt.hash("device_id || ' ' || " ~ first_by('message_id', 'place')) }} as session_id,
    device_id,
    {{ first_by('user_id', 'place') }} as user_id,
    {{ first_by('platform', 'place') }} as platform,
    min(event_at) as session_start_at,
    max(event_at) as session_end_at,
    cast(min(event_at) as date) as session_date,
    cast({{ int_div(ms_between('min(event_at)', 'max(event_at)'), 1000) }} as {{ dbt.type_bigint() }}) as duration_seconds,
    count(*) as events,
    count(*) filter (where {{ is_view }}) as page_views,
    {{ first_by('coalesce(path, name)', 'place', is_view) }} as entry_page,
    {{ last_by('coalesce(path, name)', 'place', is_view) }} as exit_page,
    {{ first_by('utm_source', 'place') }} as utm_source,
    {{ first_by("coalesce(utm_medium, '')", 'place', 'utm_source is not null') }} as utm_medium,
    {{ first_by("coalesce(utm_campaign, '')", 'place', 'utm_source is not null') }} as utm_campaign,
    {{ first_by("case when " ~ is_external ~ " then referrer_host else '' end", 'place') }} as referrer_host,
    {{ first_by('user_agent', 'place') }} as user_agent,
    {{ first_by('country', 'place') }} as country,
    count(*) filter (where event = 'Product Viewed') as product_views,
    count(*) filter (where event = 'Product Added') as adds_to_cart,
    count(*) filter (where event = 'Checkout Started') as checkouts,
    count(*) filter (where is_order) as orders,
    cast(coalesce(sum(case when is_order then order_total end), 0) as {{ t_money() }}) as revenue,
    max(_load_id) as _load_id
from marked
group by device_id, session_number
