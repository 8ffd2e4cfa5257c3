{{
    config(
        materialized='incremental',
        incremental_strategy='replace',
        meta={
            'replaces': 'old.message_id = new.message_id',
            'within': {'column': 'event_at', 'first': 'event_at', 'last': 'event_at'},
        },
    )
}}
{#- A repeated delivery carries the id and the time of the first one, so that it can only meet a
    stored row of its own date: of the other dates nothing is read. Which delivery stays does not
    depend on the order they came in. -#}
{%- set raw = landed({'web': source('raw', 'web_events'), 'app': source('raw', 'app_events')}) -%}
{%- set arrived = 'true' -%}
{%- if is_incremental() -%}
    {%- set arrived = '_load_id > ' ~ last_load(this) ~ ' and _load_id <= ' ~ newest_load(raw.values()) -%}
    {%- set dates = call_dates(raw, arrived) -%}
{%- endif -%}
{%- set columns = [
    'message_id', 'type', 'event', 'name', 'device_id', 'platform', 'user_id', 'event_at',
    'received_at', 'event_date', 'url', 'host', 'path', 'referrer', 'referrer_host', 'title',
    'search', 'utm_source', 'utm_medium', 'utm_campaign', 'product_id', 'sku', 'price', 'quantity',
    'revenue', 'order_total', 'order_id', 'user_agent', 'ip', 'locale', 'country', '_load_id',
] %}

with ids as (

    {% for relation in raw.values() -%}
    select "messageId" as message_id from {{ relation }} where {{ arrived }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

{% if is_incremental() -%}
stored as (

    select {{ columns | join(', ') }}
    from {{ this }}
    where {{ date_in('event_date', dates) }} and message_id in (select message_id from ids)

),

{% endif -%}
repeated as (

    select message_id from ids group by message_id having count(*) > 1
    {% if is_incremental() -%}
    union
    select message_id from stored
    {%- endif %}

),

deliveries as (

    select *, false as is_stored
    from ({{ typed_calls(raw, arrived ~ ' and "messageId" in (select message_id from repeated)') }}) as calls
    {% if is_incremental() -%}
    union all
    select *, true as is_stored from stored
    {%- endif %}

),

ranked as (

    select
        *,
        row_number() over (
            partition by message_id
            order by received_at, {{ fingerprint(columns | reject('equalto', '_load_id')) }}, _load_id
        ) as place
    from deliveries

)

select {{ columns | join(', ') }}
from ranked
where place = 1 and not is_stored

union all

{# Written out a second time: a common table expression that is used twice is held in memory. -#}
select {{ columns | join(', ') }}
from ({{ typed_calls(raw, arrived ~ ' and "messageId" not in (select message_id from repeated)') }}) as calls
