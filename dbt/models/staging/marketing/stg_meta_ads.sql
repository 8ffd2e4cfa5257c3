{{ config(materialized='view') }}

select
    day as date,
    campaign_id,
    campaign,
    adset,
    coalesce(impressions, 0) as impressions,
    coalesce(link_clicks, 0) as clicks,
    cast(coalesce(amount_spent, 0) as {{ t_money() }}) as cost,
    currency,
    _load_id
from ({{ latest_per_key(
    source('raw', 'meta_ads'), ['day', 'campaign_id', 'adset'], [exported_on('_file')]
) }}) as latest
