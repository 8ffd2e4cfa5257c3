{#- Accounts share no address; should two ever do, the newer account is meant. -#}
with accounts as (

    select
        lower(email) as email,
        max(customer_id) as customer_id
    from {{ ref('stg_shop_customers') }}
    group by lower(email)

)

select
    t.ticket_id,
    a.customer_id,
    t.created_at,
    cast(t.created_at as date) as created_date,
    t.updated_at,
    t.status,
    t.status in ('open', 'pending') as is_open,
    t.channel,
    t.priority,
    t.subject,
    {{ re_group('t.subject', '(FW-[0-9]+)') }} as order_number,
    t.satisfaction,
    {{ ratio(ms_between('t.created_at', 't.updated_at'), 3600000, 2) }} as hours_to_last_change
from {{ ref('stg_support_tickets') }} as t
left join accounts as a on t.customer_email = a.email
