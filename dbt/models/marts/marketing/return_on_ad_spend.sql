{%- set models = attribution_models() %}
with campaigns as (

    select distinct source, campaign from {{ ref('ad_spend') }}

),

spend as (

    select
        date,
        source,
        campaign,
        sum(impressions) as impressions,
        sum(clicks) as clicks,
        cast(sum(spend) as {{ t_money() }}) as spend
    from {{ ref('ad_spend') }}
    group by date, source, campaign

),

credit as (

    select
        t.order_date as date,
        c.source,
        c.campaign,
        {%- for model in models %}
        cast(sum(t.{{ model }}_weight) as decimal(18, 6)) as {{ model }}_orders,
        cast(sum(t.{{ model }}_revenue) as {{ t_money() }}) as {{ model }}_revenue{{ "," if not loop.last }}
        {%- endfor %}
    from {{ ref('fct_attribution_touchpoints') }} as t
    inner join {{ ref('ad_services') }} as s on lower(t.source) = s.utm_source
    inner join campaigns as c on s.service = c.source and t.campaign = c.campaign
    where t.is_counted and t.is_credited
    group by t.order_date, c.source, c.campaign

)

select
    coalesce(s.date, c.date) as date,
    coalesce(s.source, c.source) as source,
    coalesce(s.campaign, c.campaign) as campaign,
    cast(coalesce(s.impressions, 0) as {{ dbt.type_bigint() }}) as impressions,
    cast(coalesce(s.clicks, 0) as {{ dbt.type_bigint() }}) as clicks,
    cast(coalesce(s.spend, 0) as {{ t_money() }}) as spend,
    cast(coalesce(c.last_touch_orders, 0) as decimal(18, 6)) as orders,
    cast(coalesce(c.last_touch_revenue, 0) as {{ t_money() }}) as revenue,
    cast(coalesce(c.first_touch_revenue, 0) as {{ t_money() }}) as first_touch_revenue,
    cast(coalesce(c.position_based_revenue, 0) as {{ t_money() }}) as position_based_revenue,
    {{ ratio('coalesce(c.last_touch_revenue, 0)', 's.spend') }} as return_on_ad_spend
from spend as s
full outer join credit as c on s.date = c.date and s.source = c.source and s.campaign = c.campaign
