{#- Windows end with the newest event, and not by the clock: the same events give the same figures. -#}
with events as (

    select
        e.*,
        e.used_at > {{ ts_add('n.newest_at', -7, 'day') }} as is_of_7d,
        e.used_at > {{ ts_add('n.newest_at', -90, 'day') }} as is_of_90d
    from {{ ref('stg_usage') }} as e
    cross join (select max(used_at) as newest_at from {{ ref('stg_usage') }}) as n

),

used as (

    select
        asset,
        min(used_at) as known_since,
        {{ count_where("kind = 'view' and is_of_7d") }} as views_7d,
        {{ count_where("kind = 'view' and is_of_90d") }} as views_90d,
        {{ count_where("kind = 'view' and came_from = 'search' and is_of_90d") }} as searches_90d,
        {{ count_where("kind = 'query' and is_of_90d") }} as queries_90d,
        {{ count_where("kind = 'open' and is_of_90d") }} as opens_90d,
        {{ count_where("kind = 'download' and is_of_90d") }} as downloads_90d,
        {{ count_where('is_of_90d', 'person') }} as readers_90d,
        max(case when kind = 'view' then used_at end) as last_viewed_at,
        max(case when kind in ('view', 'query', 'open', 'download') then used_at end) as last_used_at
    from events
    where asset is not null
    group by asset

),

roll_call as (

    select
        asset,
        kind = 'listed' as is_listed,
        dependents,
        row_number() over (partition by asset order by used_at desc, _load_id desc) as place
    from events
    where kind in ('listed', 'removed')

),

{#- Days on which anything was recorded: a server that was off has seen nobody. -#}
days as (

    select distinct used_date from events where is_of_90d

),

recorded as (

    select u.asset, count(*) as days
    from used as u
    inner join days as d on d.used_date >= cast(u.known_since as date)
    group by u.asset

),

summed as (

    select
        u.*,
        coalesce(r.is_listed, false) as is_listed,
        coalesce(r.dependents, 0) as dependents,
        coalesce(d.days, 0) as recorded_days,
        u.views_90d + u.queries_90d + u.opens_90d + u.downloads_90d as uses_90d
    from used as u
    left join roll_call as r on u.asset = r.asset and r.place = 1
    left join recorded as d on u.asset = d.asset

)

select
    asset,
    known_since,
    is_listed,
    cast(dependents as {{ dbt.type_bigint() }}) as dependents,
    cast(recorded_days as {{ dbt.type_bigint() }}) as recorded_days,
    views_7d,
    views_90d,
    searches_90d,
    queries_90d,
    opens_90d,
    downloads_90d,
    uses_90d,
    nullif(readers_90d, 0) as readers_90d,
    last_viewed_at,
    last_used_at,
    is_listed and dependents = 0 and uses_90d = 0 and recorded_days >= {{ var('unused_after_days') }}
        as is_candidate_for_retirement
from summed
