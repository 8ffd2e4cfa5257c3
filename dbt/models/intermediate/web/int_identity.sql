{{
    config(
        materialized='incremental',
        incremental_strategy='replace',
        meta={'replaces': 'old.device_id = new.device_id'},
    )
}}
{#- A row per device, known or not: so max(_load_id) says how far this model is, to the load. The
    first customer seen on a device is its customer, so that a device changes hands at most when an
    earlier login arrives late, or when another delivery of the identifying event takes its place: then
    the device's events are read again, all of them. `identity_load_id` says when that was. -#}
{%- set events = ref('stg_web_events') -%}
{%- set arrived = 'true' -%}
{%- set reread = none -%}
{%- if is_incremental() -%}
    {%- set since = last_load(this) -%}
    {%- set until = last_load(events) -%}
    {%- set arrived = '_load_id > ' ~ since ~ ' and _load_id <= ' ~ until -%}
    {%- set replaced = 'identified_by in (select message_id from ' ~ events ~ ' where ' ~ arrived ~ ')' -%}
    {%- set reread = date_range(
        'select cast(min(first_seen_at) as date), cast(max(last_seen_at) as date) from ' ~ this ~ ' where ' ~ replaced
    ) -%}
{%- endif %}

with devices_to_reread as (

    {% if reread -%}
    select device_id from {{ this }} where {{ replaced }}
    {%- else -%}
    select device_id from {{ events }} where false
    {%- endif %}

),

read as (

    select * from {{ events }} where {{ arrived }}
    {% if reread -%}
    union all
    select *
    from {{ events }}
    where _load_id <= {{ since }}
        and event_date between {{ reread.first }} and {{ reread.last }}
        and device_id in (select device_id from devices_to_reread)
    {%- endif %}

),

numbered as (

    select *, row_number() over (partition by device_id order by event_at, message_id) as place
    from read

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
        and device_id not in (select device_id from devices_to_reread)
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
    {% if reread -%}
    case
        when device_id in (select device_id from devices_to_reread) then {{ until }}
        else identity_load_id
    end as
    {%- endif %} identity_load_id,
    _load_id
from merged
