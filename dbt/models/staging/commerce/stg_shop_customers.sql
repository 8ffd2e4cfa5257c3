{{ config(materialized='view') }}

select
    id as customer_id,
    {{ person_of_customer('id') }} as person_id,
    email,
    name,
    country,
    {{ utc_ts('created_at') }} as created_at,
    {{ utc_ts('updated_at') }} as updated_at,
    marketing_opt_in,
    {{ utc_ts('deleted_at') }} as deleted_at,
    _load_id
from ({{ latest_per_key(source('raw', 'shop__customers'), ['id'], ['updated_at']) }}) as latest
