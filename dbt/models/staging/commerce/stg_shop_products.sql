{{ config(materialized='view') }}

select
    id as product_id,
    sku,
    name as product_name,
    category,
    cast(price as {{ t_money() }}) as price,
    cast(cost as {{ t_money() }}) as cost,
    active as is_active,
    {{ utc_ts('updated_at') }} as updated_at,
    _load_id
from ({{ latest_per_key(source('raw', 'shop__products'), ['id'], ['updated_at']) }}) as latest
