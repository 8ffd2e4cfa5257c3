{{
    config(
        materialized='incremental',
        incremental_strategy='replace',
        meta={'replaces': 'old.device_id = new.device_id'},
    )
}}
{#- A row per device, known or not: so max(_load_id) says how far this model is, to the load. The
    first customer seen on a device is its customer, so that a device changes hands at most when an
    earlier login arrives late; `identity_load_id` says when that was. -#}
{%- set events = ref('stg_web_events') -%}
{%- set since = last_load(this) -%}
{%- set arrived = '_load_id > ' ~ since ~ ' and _load_id <= ' ~ last_load(events) if is_incremental() else 'true' %}

with numbered as (

    select
        *,
        row_number() over (partition by device_id order by event_at, message_id) as place
    from {{ events }}
    where {{ arrived }}

),

arrivals as (

    select
        device_id,
        min(event_at) as first_seen_at,
        max(event_at) as last_seen_at,
        {{ first_by('user_id', 'place') }} as user_id,
        {{ first_by('event_at', 'place', 'user_id is not null') }} as identified_at,
        {{ first_by('message_id', 'place', 'user_id is not null') }} as identified_by,
        {{ first_by('_load_id', 'place', 'user_id is not null') }} as identity_load_id,
        max(_load_id) as _load_id
    from numbered
    group by device_id

),

known as (

    select * from arrivals
    {% if is_incremental() -%}
    union all
    select
        device_id, first_seen_at, last_seen_at, user_id, identified_at, identified_by,
        identity_load_id, _load_id
    from {{ this }}
    where device_id in (select device_id from arrivals)
    {%- endif %}

),

ordered as (

    select
        *,
        row_number() over (
            partition by device_id
            order by identified_at nulls last, identified_by nulls last, _load_id desc
        ) as place
    from known

),

merged as (

    select
        device_id,
        {{ first_by('user_id', 'place') }} as user_id,
        {{ first_by('identified_at', 'place') }} as identified_at,
        {{ first_by('identified_by', 'place') }} as identified_by,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        {{ first_by('identity_load_id', 'place') }} as identity_load_id,
        max(_load_id) as _load_id
    from ordered
    group by device_id

)

select
    device_id,
    coalesce(user_id, device_id) as person_id,
    cast({{ re_group('user_id', '^c_([0-9]+)$') }} as {{ dbt.type_bigint() }}) as customer_id,
    user_id,
    identified_at,
    identified_by,
    first_seen_at,
    last_seen_at,
    identity_load_id,
    _load_id
from merged
