{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='order_id',
        on_schema_change='fail',
    )
}}
{#- Touched: every order of a person one of whose sessions or orders changed, and of a person to
    whom a changed device or order belonged before. An order always has a row, so that it can be
    replaced. -#}
{%- set lookback_days = 30 %}
{%- set models = attribution_models() %}

with
{%- if is_incremental() %}
changed_devices as (

    select distinct device_id, person_id
    from {{ ref('int_session_channels') }}
    where _load_id > {{ last_load(this, '_session_load_id') }}

),

changed_orders as (

    select order_id, person_id
    from {{ ref('fct_orders') }}
    where _load_id > {{ last_load(this, '_order_load_id') }}

),

touched as (

    select person_id from changed_devices
    union
    select person_id from changed_orders
    union
    select person_id
    from {{ this }}
    where
        device_id in (select device_id from changed_devices)
        or order_id in (select order_id from changed_orders)

),
{%- endif %}

orders as (

    select *
    from {{ ref('fct_orders') }}
    {% if is_incremental() -%}
    where person_id in (select person_id from touched)
    {%- endif %}

),

visits as (

    select *
    from {{ ref('int_session_channels') }}
    where
        not is_bot
        and person_id in (select person_id from orders)

),

touches as (

    select
        o.order_id,
        o.order_number,
        o.customer_id,
        o.person_id,
        o.ordered_at,
        o.order_date,
        o.is_counted,
        o.is_first_order,
        o.revenue as order_revenue,
        o._load_id as _order_load_id,
        v.session_id,
        v.device_id,
        v.platform,
        v.session_start_at as touched_at,
        v.source,
        v.medium,
        v.campaign,
        coalesce(v.channel, 'Untracked') as channel,
        v._load_id as _session_load_id,
        row_number() over (partition by o.order_id order by v.session_start_at, v.session_id) as touch_number,
        count(*) over (partition by o.order_id) as touches,
        count(case when v.channel <> 'Direct' then 1 end) over (partition by o.order_id) as named_touches
    from orders as o
    left join visits as v
        on o.person_id = v.person_id
        and v.session_start_at <= o.ordered_at
        and v.session_start_at >= {{ ts_add('o.ordered_at', -lookback_days, 'day') }}

),

credited as (

    select
        *,
        case when is_credited then
            row_number() over (partition by order_id, is_credited order by touch_number)
        end as place,
        count(case when is_credited then 1 end) over (partition by order_id) as places,
        cast(order_revenue * 100 as {{ dbt.type_bigint() }}) as cents
    from (select *, channel <> 'Direct' or named_touches = 0 as is_credited from touches) as flagged

),

weighed as (

    select
        *,
        {%- for model in models %}
        coalesce({{ credit(model, 'place', 'places') }}, 0) as {{ model }}{{ "," if not loop.last }}
        {%- endfor %}
    from credited

),

summed as (

    select
        *,
        {%- for model in models %}
        cast(
            sum({{ model }}) over (
                partition by order_id order by touch_number rows between unbounded preceding and current row
            ) as {{ dbt.type_bigint() }}
        ) as {{ model }}_so_far{{ "," if not loop.last }}
        {%- endfor %}
    from weighed

)

select
    concat(cast(order_id as {{ dbt.type_string() }}), '-', cast(touch_number as {{ dbt.type_string() }}))
        as touchpoint_id,
    order_id,
    order_number,
    customer_id,
    person_id,
    ordered_at,
    order_date,
    is_counted,
    is_first_order,
    order_revenue,
    cast(touch_number as {{ dbt.type_bigint() }}) as touch_number,
    cast(touches as {{ dbt.type_bigint() }}) as touches,
    session_id,
    device_id,
    platform,
    touched_at,
    source,
    medium,
    campaign,
    channel,
    is_credited,
    {%- for model in models %}
    cast(cast({{ model }} as decimal(18, 6)) / 1000000 as decimal(18, 6)) as {{ model }}_weight,
    cast(
        cast({{ credited_cents('cents', model, model ~ '_so_far') }} as {{ t_money() }}) / 100 as {{ t_money() }}
    ) as {{ model }}_revenue,
    {%- endfor %}
    _session_load_id,
    _order_load_id
from summed
