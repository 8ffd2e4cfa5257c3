with ledger as (

    select
        source,
        max(kind) as kind,
        count(*) as files,
        count(case when status = 'loaded' then 1 end) as files_loaded,
        count(case when status = 'duplicate' then 1 end) as files_duplicate,
        count(case when status = 'quarantined' then 1 end) as files_quarantined,
        count(case when status = 'empty' then 1 end) as files_empty,
        count(distinct load_id) as loads,
        sum(coalesce(rows_in_file, 0)) as rows_read,
        sum(coalesce(rows_loaded, 0)) as rows_loaded,
        sum(coalesce(rows_quarantined, 0)) as rows_quarantined,
        sum(coalesce(bytes, 0)) as bytes,
        min(min_event_at) as oldest_event_at,
        max(max_event_at) as newest_event_at,
        min(loaded_at) as first_load_at,
        max(loaded_at) as newest_load_at,
        max(case when rows_loaded > 0 then loaded_at end) as newest_rows_at
    from {{ source('platform', 'ledger') }}
    group by source

),

drift as (

    select source, count(*) as changes, max(seen_at) as newest_at
    from {{ source('platform', 'drift') }}
    group by source

)

select
    l.source,
    l.kind,
    cast(l.files as {{ dbt.type_bigint() }}) as files,
    cast(l.files_loaded as {{ dbt.type_bigint() }}) as files_loaded,
    cast(l.files_duplicate as {{ dbt.type_bigint() }}) as files_duplicate,
    cast(l.files_quarantined as {{ dbt.type_bigint() }}) as files_quarantined,
    cast(l.files_empty as {{ dbt.type_bigint() }}) as files_empty,
    cast(l.loads as {{ dbt.type_bigint() }}) as loads,
    cast(l.rows_read as {{ dbt.type_bigint() }}) as rows_read,
    cast(l.rows_loaded as {{ dbt.type_bigint() }}) as rows_loaded,
    cast(l.rows_quarantined as {{ dbt.type_bigint() }}) as rows_quarantined,
    {{ ratio('l.rows_quarantined', 'l.rows_read', 6) }} as quarantine_share,
    cast(l.bytes as {{ dbt.type_bigint() }}) as bytes,
    {{ utc_ts('l.oldest_event_at') }} as oldest_event_at,
    {{ utc_ts('l.newest_event_at') }} as newest_event_at,
    {{ utc_ts('l.first_load_at') }} as first_load_at,
    {{ utc_ts('l.newest_load_at') }} as newest_load_at,
    {{ ratio(ms_between(utc_ts('l.newest_event_at'), utc_ts('l.newest_rows_at')), 60000, 1) }}
        as lateness_minutes,
    cast(coalesce(d.changes, 0) as {{ dbt.type_bigint() }}) as drift_changes,
    {{ utc_ts('d.newest_at') }} as newest_drift_at
from ledger as l
left join drift as d on l.source = d.source
