with feedback as (

    select
        *,
        last_value(version) over (
            partition by about order by created_at, number
            rows between unbounded preceding and unbounded following
        ) as newest_version
    from {{ ref('stg_feedback') }}

)

select
    about,
    cast(count(*) as {{ dbt.type_bigint() }}) as feedback_count,
    {{ mean('rating', 2) }} as mean_rating,
    {{ count_where('rating >= 4') }} as good,
    {{ count_where('is_bad') }} as bad,
    {{ count_where('answer is null') }} as unanswered,
    {{ count_where('is_bad and answer is null') }} as bad_unanswered,
    min(case when is_bad and answer is null then created_at end) as oldest_bad_unanswered_at,
    max(created_at) as newest_at,
    max(newest_version) as newest_version,
    {{ count_where('version = newest_version') }} as newest_version_feedback_count,
    {{ mean('case when version = newest_version then rating end', 2) }} as newest_version_mean_rating
from feedback
group by about
