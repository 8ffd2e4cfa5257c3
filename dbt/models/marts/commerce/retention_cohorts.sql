with orders as (

    select
        o.customer_id,
        v.cohort_month,
        {{ month_of('o.order_date') }} as month,
        o.revenue
    from {{ ref('fct_orders') }} as o
    inner join {{ ref('customer_lifetime_value') }} as v on o.customer_id = v.customer_id
    where o.is_counted

),

months as (

    {{ periods('orders', 'month', 'month', 512) }}

),

cohorts as (

    select cohort_month, count(distinct customer_id) as customers
    from orders
    group by cohort_month

),

activity as (

    select
        cohort_month,
        month,
        count(distinct customer_id) as active_customers,
        count(*) as orders,
        cast(sum(revenue) as {{ t_money() }}) as revenue
    from orders
    group by cohort_month, month

),

grid as (

    select
        c.cohort_month,
        m.period as month,
        cast({{ dbt.datediff('c.cohort_month', 'm.period', 'month') }} as {{ dbt.type_bigint() }}) as month_offset,
        c.customers,
        coalesce(a.active_customers, 0) as active_customers,
        coalesce(a.orders, 0) as orders,
        coalesce(a.revenue, 0) as revenue
    from cohorts as c
    inner join months as m on c.cohort_month <= m.period
    left join activity as a on c.cohort_month = a.cohort_month and m.period = a.month

)

select
    cohort_month,
    month_offset,
    month,
    cast(customers as {{ dbt.type_bigint() }}) as customers,
    cast(active_customers as {{ dbt.type_bigint() }}) as active_customers,
    {{ ratio('active_customers', 'customers') }} as retention_rate,
    cast(orders as {{ dbt.type_bigint() }}) as orders,
    cast(revenue as {{ t_money() }}) as revenue,
    cast(
        sum(revenue) over (
            partition by cohort_month order by month_offset rows between unbounded preceding and current row
        ) as {{ t_money() }}
    ) as cumulative_revenue,
    {{ ratio(
        'sum(revenue) over (partition by cohort_month order by month_offset rows between unbounded preceding and current row)',
        'customers', 2
    ) }} as revenue_per_customer,
    month < max(month) over () as is_complete
from grid
