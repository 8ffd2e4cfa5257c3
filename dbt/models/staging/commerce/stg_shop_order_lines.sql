{{ config(materialized='view') }}

select
    id as order_line_id,
    order_id,
    product_id,
    quantity,
    cast(unit_price as {{ t_money() }}) as unit_price,
    cast(coalesce(discount, 0) as {{ t_money() }}) as discount,
    _load_id
from ({{ latest_per_key(source('raw', 'shop__order_lines'), ['id'], ['updated_at']) }}) as latest
