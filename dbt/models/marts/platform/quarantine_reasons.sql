with records as (

    select
        source,
        file,
        {{ reason_kind('reason') }} as reason,
        line is null as is_whole_file,
        quarantined_at
    from {{ source('platform', 'quarantine') }}

)

select
    source,
    reason,
    is_whole_file,
    cast(count(*) as {{ dbt.type_bigint() }}) as records,
    cast(count(distinct file) as {{ dbt.type_bigint() }}) as files,
    {{ utc_ts('min(quarantined_at)') }} as first_seen_at,
    {{ utc_ts('max(quarantined_at)') }} as last_seen_at
from records
group by source, reason, is_whole_file
