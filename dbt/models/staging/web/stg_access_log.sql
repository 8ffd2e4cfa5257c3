{{ config(materialized='incremental', incremental_strategy='append') }}

select
    {{ dbt.hash("_file || ':' || cast(_line as " ~ dbt.type_string() ~ ")") }} as request_id,
    {{ dbt.hash("coalesce(remote_addr, '') || ' ' || coalesce(user_agent, '')") }} as visitor_id,
    remote_addr,
    user_agent,
    {{ utc_ts('time') }} as requested_at,
    cast({{ utc_ts('time') }} as date) as request_date,
    method,
    path,
    protocol,
    status,
    bytes,
    nullif(referer, '-') as referrer,
    {{ url_host('referer') }} as referrer_host,
    _file,
    _line,
    _load_id
from {{ source('raw', 'access_log') }}
where _load_id > {{ last_load(this) }}
    {%- if is_incremental() %}
    {#- Asked again inside of the transaction: another run may have added them since. #}
    and _load_id > (select coalesce(max(_load_id), 0) from {{ this }})
    {%- endif %}
