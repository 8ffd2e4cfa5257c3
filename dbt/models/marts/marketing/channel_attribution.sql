with credited as (

    select *
    from {{ ref('fct_attribution_touchpoints') }}
    where is_counted

)

{% for model in attribution_models() %}
select
    order_date as date,
    '{{ model }}' as model,
    channel,
    cast(sum({{ model }}_weight) as decimal(18, 6)) as orders,
    cast(sum(case when is_first_order then {{ model }}_weight else 0 end) as decimal(18, 6)) as new_customers,
    cast(sum({{ model }}_revenue) as {{ t_money() }}) as revenue
from credited
where {{ model }}_weight > 0
group by order_date, channel
{% if not loop.last %}union all{% endif %}
{% endfor %}
