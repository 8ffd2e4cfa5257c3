with customers as (

    select
        customer_id,
        min(ordered_at) as first_order_at,
        max(ordered_at) as last_order_at,
        count(*) as orders,
        cast(sum(revenue) as {{ t_money() }}) as revenue,
        cast(sum(net_revenue) as {{ t_money() }}) as net_revenue
    from {{ ref('fct_orders') }}
    where is_counted
    group by customer_id

),

data as (

    select max(order_date) as through from {{ ref('fct_orders') }}

)

select
    c.customer_id,
    {{ month_of('c.first_order_at') }} as cohort_month,
    c.first_order_at,
    c.last_order_at,
    cast(c.orders as {{ dbt.type_bigint() }}) as orders,
    c.revenue,
    c.net_revenue,
    {{ ratio('c.revenue', 'c.orders', 2) }} as average_order_value,
    cast({{ days_between('cast(c.first_order_at as date)', 'd.through') }} as {{ dbt.type_bigint() }})
        as days_as_customer,
    cast({{ days_between('cast(c.last_order_at as date)', 'd.through') }} as {{ dbt.type_bigint() }})
        as days_since_last_order,
    cast(ntile(10) over (order by c.revenue desc, c.customer_id) as {{ dbt.type_bigint() }}) as value_decile
from customers as c
cross join data as d
