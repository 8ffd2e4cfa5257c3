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
{#- Touched: the sessions that changed. One that is no more has become part of a changed one, which
    begins before it and ends after it. -#}
{%- set names = source_names('s.source') %}

with sessions as (

    select
        session_id,
        device_id,
        person_id,
        platform,
        session_start_at,
        session_end_at,
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
    where _load_id > {{ last_load() }}
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
    session_end_at,
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
