with searches as (

    select text, results, person, used_at, is_narrowed
    from {{ ref('stg_usage') }}
    where kind = 'search' and text <> ''

),

{#- What is narrowed to reports, say, may well be there as a table: it says nothing. -#}
misses as (

    select
        text,
        count(*) as times,
        count(distinct person) as readers,
        min(used_at) as first_at,
        max(used_at) as last_at
    from searches
    where results = 0 and not is_narrowed
    group by text

),

found as (

    select text, max(used_at) as last_at
    from searches
    where results > 0
    group by text

)

select
    m.text,
    cast(m.times as {{ dbt.type_bigint() }}) as times,
    cast(nullif(m.readers, 0) as {{ dbt.type_bigint() }}) as readers,
    m.first_at,
    m.last_at,
    coalesce(f.last_at > m.last_at, false) as is_answered
from misses as m
left join found as f on m.text = f.text
