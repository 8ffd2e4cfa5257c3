{{ config(materialized='view') }}

select
    ticket_id,
    {{ utc_ts('created_at') }} as created_at,
    {{ utc_ts('updated_at') }} as updated_at,
    lower(customer_email) as customer_email,
    status,
    channel,
    priority,
    subject,
    body,
    satisfaction,
    _load_id
from ({{ latest_per_key(source('raw', 'support_tickets'), ['ticket_id'], ['updated_at']) }}) as latest
