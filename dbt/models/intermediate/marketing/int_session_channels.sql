{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='device_id',
        on_schema_change='fail',
    )
}}
{#- Touched: all sessions of every device of which a session changed, so that a session that is no
    more (two of them merged) goes too. -#}
{%- set names = source_names('s.source') %}

with sessions as (

    select
        session_id,
        device_id,
        person_id,
        platform,
        session_start_at,
        session_date,
        case when source not in ('(direct)', '(app)', '(not set)') then source end as source,
        case when medium not in ('(none)', '(not set)') then medium end as medium,
        case when campaign <> '(not set)' then campaign end as campaign,
        is_bot,
        is_bounce,
        orders,
        revenue,
        _load_id
    from {{ ref('fct_sessions') }}
    {% if is_incremental() -%}
    where device_id in (select device_id from {{ ref('fct_sessions') }} where _load_id > {{ last_load() }})
    {%- endif %}

),

categorised as (

    select
        s.*,
        coalesce(
            {%- for name in names %}
            c{{ loop.index }}.source_category{{ "," if not loop.last }}
            {%- endfor %}
        ) as source_category
    from sessions as s
    {%- for name in names %}
    left join {{ ref('channel_source_categories') }} as c{{ loop.index }}
        on {{ name }} = lower(c{{ loop.index }}.source)
    {%- endfor %}

)

select
    session_id,
    device_id,
    person_id,
    platform,
    session_start_at,
    session_date,
    source,
    medium,
    campaign,
    source_category,
    {{ default_channel_group('source', 'medium', 'campaign', 'source_category') }} as channel,
    is_bot,
    is_bounce,
    orders,
    revenue,
    _load_id
from categorised
