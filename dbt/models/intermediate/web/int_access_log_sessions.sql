{{
    config(
        materialized='incremental',
        incremental_strategy='replace',
        meta={
            'replaces': 'old.visitor_id = new.visitor_id
                and old.session_start_at between new.session_start_at and new.session_end_at',
            'within': {
                'column': 'session_start_at', 'first': 'session_start_at', 'last': 'session_end_at',
            },
        },
    )
}}
{%- set requests = ref('stg_access_log') -%}
{%- set increment = session_increment(requests, this, 'visitor_id', 'requested_at') if is_incremental() else none %}

with numbered as (

    {{ numbered_events(requests, 'visitor_id', 'requested_at', 'request_date', '_file, _line', increment) }}

)

select
    {{ dbt.hash("visitor_id || ' ' || " ~ first_by('request_id', 'place')) }} as session_id,
    visitor_id,
    {{ first_by('remote_addr', 'place') }} as remote_addr,
    {{ first_by('user_agent', 'place') }} as user_agent,
    min(requested_at) as session_start_at,
    max(requested_at) as session_end_at,
    cast(min(requested_at) as date) as session_date,
    count(*) as requests,
    count(*) filter (where status >= 400) as errors,
    cast(coalesce(sum(bytes), 0) as {{ dbt.type_bigint() }}) as bytes,
    {{ first_by('path', 'place') }} as entry_path,
    {{ last_by('path', 'place') }} as exit_path,
    max(_load_id) as _load_id
from numbered
group by visitor_id, session_number
