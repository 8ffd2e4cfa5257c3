with reported as (

    select 'Google Ads' as source, date, campaign_id, campaign, impressions, clicks, cost, conversions
    from {{ ref('stg_google_ads') }}

    union all

    select 'Meta Ads', date, campaign_id, campaign, impressions, clicks, cost, null
    from {{ ref('stg_meta_ads') }}

)

select
    date,
    source,
    campaign_id,
    max(campaign) as campaign,
    cast(sum(impressions) as {{ dbt.type_bigint() }}) as impressions,
    cast(sum(clicks) as {{ dbt.type_bigint() }}) as clicks,
    cast(sum(cost) as {{ t_money() }}) as spend,
    cast(sum(conversions) as {{ t_money() }}) as reported_conversions,
    {{ ratio('sum(clicks)', 'sum(impressions)', 6) }} as click_through_rate,
    {{ ratio('sum(cost)', 'sum(clicks)', 4) }} as cost_per_click
from reported
group by date, source, campaign_id
