select
    c.customer_id,
    c.person_id,
    c.email,
    c.name,
    c.country,
    c.created_at,
    c.marketing_opt_in,
    c.deleted_at,
    c.deleted_at is not null as is_deleted,
    v.first_order_at,
    v.last_order_at,
    cast(coalesce(v.orders, 0) as {{ dbt.type_bigint() }}) as orders,
    cast(coalesce(v.revenue, 0) as {{ t_money() }}) as lifetime_value,
    case
        when v.orders is null then 'prospect'
        when v.orders = 1 then 'new'
        else 'returning'
    end as customer_type
from {{ ref('stg_shop_customers') }} as c
left join {{ ref('customer_lifetime_value') }} as v on c.customer_id = v.customer_id
