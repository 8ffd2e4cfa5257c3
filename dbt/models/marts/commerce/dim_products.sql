select
    product_id,
    sku,
    product_name,
    category,
    price,
    cost,
    is_active,
    updated_at
from {{ ref('stg_shop_products') }}
