{%- set moments = {
    'asked': 'created_at', 'accepted': 'accepted_at', 'shipped': 'shipped_at',
    'helped': 'case when helped then shipped_at end',
    'declined': "case when state = 'declined' then ended_at end",
    'left_queue': 'coalesce(shipped_at, ended_at)',
} -%}

with moments as (

    {% for what, at in moments.items() -%}
    select
        '{{ what }}' as what,
        cast({{ at }} as date) as day,
        {{ ratio(ms_between('created_at', at), 86400000, 2) }} as days
    from {{ ref('stg_requests') }}
    where {{ at }} is not null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

months as (

    {{ periods('moments', 'day', 'month', 512) }}

),

counted as (

    select
        months.period as month,
        {% for what in moments -%}
        {{ count_where("moments.what = '" ~ what ~ "'") }} as {{ what }},
        {% endfor -%}
        percentile_cont(0.5) within group (
            order by case when moments.what = 'shipped' then cast(moments.days as double) end
        ) as median_days_to_ship
    from months
    left join moments on months.period = {{ month_of('moments.day') }}
    group by months.period

)

select
    month,
    asked,
    accepted,
    shipped,
    helped,
    declined,
    cast(
        sum(asked - left_queue) over (order by month rows between unbounded preceding and current row)
        as {{ dbt.type_bigint() }}
    ) as waiting_at_end,
    cast(median_days_to_ship as decimal(18, 1)) as median_days_to_ship
from counted
