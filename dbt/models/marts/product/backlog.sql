{%- set formula = priority_formula() -%}

with requests as (

    select * from {{ ref('stg_requests') }} where is_waiting

),

links as (

    select source, relation, target from {{ source('product', 'links') }}

),

requirements as (

    select number, 'requirement/' || requirement as name from requests where requirement is not null
    union
    select requests.number, links.target
    from requests
    inner join links on requests.record = links.source and links.relation = 'taken_up_by'

),

-- The request, what takes it up, and what meets that.
reached as (

    select number, record as name from requests
    union
    select number, name from requirements
    union
    select requirements.number, links.target
    from requirements
    inner join links on requirements.name = links.source and links.relation = 'met_by'

),

-- A roadmap item that delivers one of them, or a key result that is measured from one, has an objective.
served as (

    select distinct reached.number, replace(onward.target, 'objective/', '') as objective
    from reached
    inner join links as inward on reached.name = inward.target
    inner join links as onward
        on inward.source = onward.source
        and (
            (inward.relation = 'delivers' and onward.relation = 'serves')
            or (inward.relation = 'measured_from' and onward.relation = 'measures')
        )

),

objectives as (

    select
        number,
        count(*) as objective_count,
        {{ str_agg('objective', ', ', 'objective') }} as objectives
    from served
    group by number

),

-- What a formula counts with is double, as in platform_assets/product/formula.py.
estimated as (

    select
        requests.number,
        requests.reach,
        requests.impact,
        requests.confidence,
        requests.effort,
        requests.value,
        requests.urgency,
        requests.risk,
        requests.size,
        cast(requests.asked as double) as asked,
        cast(coalesce(feedback.feedback_count, 0) as double) as feedback_count,
        cast(coalesce(objectives.objective_count, 0) as double) as objective_count,
        cast(coalesce(usage.views_90d, 0) as double) as views_90d,
        feedback.mean_rating,
        objectives.objectives
    from requests
    left join {{ ref('feedback_by_asset') }} as feedback on requests.about = feedback.about
    left join {{ ref('asset_usage') }} as usage on requests.about = usage.asset
    left join objectives on requests.number = objectives.number

),

scored as (

    select *, {{ priority_score(formula) }} as computed_score from estimated

),

explained as (

    select *, {{ priority_arithmetic(formula, 'computed_score') }} as arithmetic from scored

)

select
    cast(row_number() over (
        order by
            case when coalesce(r.override, e.computed_score) is null then 1 else 0 end,
            coalesce({{ half_up('r.override', 2) }}, e.computed_score) desc,
            r.asked desc,
            r.number
    ) as {{ dbt.type_bigint() }}) as rank,
    r.number,
    r.record,
    r.title,
    r.state,
    cast(coalesce({{ half_up('r.override', 2) }}, e.computed_score) as decimal(18, 2)) as score,
    cast(e.computed_score as decimal(18, 2)) as computed_score,
    '{{ var('priority_method') }}' as method,
    e.arithmetic || case
        when r.override is null then ''
        else '; overridden with ' || {{ number_text('r.override', 2) }} || coalesce(': ' || r.override_reason, '')
    end as arithmetic,
    r.override is not null as overridden,
    r.override_reason,
    r.asked,
    r.comments,
    r.about,
    cast(e.feedback_count as {{ dbt.type_bigint() }}) as feedback_count,
    e.mean_rating,
    cast(e.views_90d as {{ dbt.type_bigint() }}) as views_90d,
    r.requirement,
    cast(e.objective_count as {{ dbt.type_bigint() }}) as objective_count,
    e.objectives,
    r.decision,
    r.needed_by,
    r.waiting_costs,
    r.created_at
from requests as r
inner join explained as e on r.number = e.number
