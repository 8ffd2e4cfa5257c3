with days as (

    {{ periods(ref('fct_orders'), 'order_date', 'day', 8192) }}

)

select
    d.period as date,
    {{ revenue_figures() }}
from days as d
left join {{ ref('fct_orders') }} as o on d.period = o.order_date
group by d.period
