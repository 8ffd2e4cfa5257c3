{{ config(materialized='view') }}

select
    id as order_id,
    order_number,
    customer_id,
    {{ person_of_customer('customer_id') }} as person_id,
    status,
    currency,
    cast(subtotal as {{ t_money() }}) as subtotal,
    cast(coalesce(discount, 0) as {{ t_money() }}) as discount,
    cast(coalesce(shipping, 0) as {{ t_money() }}) as shipping,
    cast(coalesce(tax, 0) as {{ t_money() }}) as tax,
    cast(total as {{ t_money() }}) as total,
    nullif(coupon, '') as coupon,
    {{ utc_ts('created_at') }} as ordered_at,
    {{ utc_ts('updated_at') }} as updated_at,
    _load_id
from ({{ latest_per_key(source('raw', 'shop__orders'), ['id'], ['updated_at']) }}) as latest
