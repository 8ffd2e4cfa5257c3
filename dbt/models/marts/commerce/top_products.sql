select
    order_date as date,
    product_id,
    min(sku) as sku,
    min(product_name) as name,
    min(category) as category,
    cast(count(distinct order_id) as {{ dbt.type_bigint() }}) as orders,
    cast(sum(quantity) as {{ dbt.type_bigint() }}) as quantity,
    cast(sum(revenue) as {{ t_money() }}) as revenue
from {{ ref('fct_order_lines') }}
where is_counted
group by order_date, product_id
