with months as (

    {{ periods(ref('fct_orders'), 'order_date', 'month', 512) }}

),

figures as (

    select
        m.period as month,
        {{ revenue_figures() }}
    from months as m
    left join {{ ref('fct_orders') }} as o on m.period = {{ month_of('o.order_date') }}
    group by m.period

)

select
    *,
    {{ ratio('revenue - lag(revenue) over (order by month)', 'lag(revenue) over (order by month)') }}
        as revenue_growth,
    month < max(month) over () as is_complete
from figures
