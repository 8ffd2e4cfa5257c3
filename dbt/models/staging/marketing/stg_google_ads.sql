{{ config(materialized='view') }}

select
    date,
    campaign_id,
    campaign_name as campaign,
    ad_group,
    device,
    coalesce(impressions, 0) as impressions,
    coalesce(clicks, 0) as clicks,
    cast(coalesce(cost, 0) as {{ t_money() }}) as cost,
    cast(conversions as {{ t_money() }}) as conversions,
    currency,
    _load_id
from ({{ latest_per_key(
    source('raw', 'google_ads'), ['date', 'campaign_id', 'ad_group', 'device'], [exported_on('_file')]
) }}) as latest
