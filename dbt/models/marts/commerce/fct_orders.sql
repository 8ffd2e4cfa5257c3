with orders as (

    select *, {{ order_counts('status') }} as is_counted
    from {{ ref('stg_shop_orders') }}

),

numbered as (

    select
        *,
        row_number() over (partition by customer_id, is_counted order by ordered_at, order_id) as place
    from orders

)

select
    order_id,
    order_number,
    customer_id,
    person_id,
    ordered_at,
    cast(ordered_at as date) as order_date,
    status,
    updated_at as status_at,
    is_counted,
    is_counted and place = 1 as is_first_order,
    case when is_counted then cast(place as {{ dbt.type_bigint() }}) end as customer_order_number,
    case when is_counted then case when place = 1 then 'new' else 'returning' end end as customer_type,
    currency,
    coupon,
    subtotal,
    discount,
    shipping,
    tax,
    total as gross_revenue,
    cast(case when is_counted then total else 0 end as {{ t_money() }}) as revenue,
    cast(case when is_counted then total - tax else 0 end as {{ t_money() }}) as net_revenue,
    _load_id
from numbered
