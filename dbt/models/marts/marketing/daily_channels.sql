{{ config(materialized='view') }}
{#- A view: every day of it is asked for together, and nothing in it costs more than to read it. -#}
select
    session_date as date,
    channel,
    cast(count(*) as {{ dbt.type_bigint() }}) as sessions,
    cast(count(distinct person_id) as {{ dbt.type_bigint() }}) as visitors,
    cast(count(case when is_bounce then 1 end) as {{ dbt.type_bigint() }}) as bounces,
    cast(count(case when orders > 0 then 1 end) as {{ dbt.type_bigint() }}) as sessions_with_order,
    {{ ratio('count(case when orders > 0 then 1 end)', 'count(*)') }} as conversion_rate,
    cast(sum(revenue) as {{ t_money() }}) as tracked_revenue
from {{ ref('int_session_channels') }}
where not is_bot
group by session_date, channel
