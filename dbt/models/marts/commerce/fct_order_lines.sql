select
    l.order_line_id,
    l.order_id,
    o.order_number,
    o.customer_id,
    l.product_id,
    p.sku,
    p.product_name,
    p.category,
    o.ordered_at,
    o.order_date,
    o.status,
    coalesce(o.is_counted, false) as is_counted,
    l.quantity,
    l.unit_price,
    cast(l.quantity * l.unit_price as {{ t_money() }}) as gross_amount,
    l.discount,
    cast(l.quantity * l.unit_price - l.discount as {{ t_money() }}) as amount,
    cast(case when o.is_counted then l.quantity * l.unit_price - l.discount else 0 end as {{ t_money() }})
        as revenue
from {{ ref('stg_shop_order_lines') }} as l
left join {{ ref('fct_orders') }} as o on l.order_id = o.order_id
left join {{ ref('dim_products') }} as p on l.product_id = p.product_id
