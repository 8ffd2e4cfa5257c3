{#- Tests that a model's yml names: each is a query for the rows that should not be there. -#}

{#- No two rows share these columns. -#}
{% test unique_together(model, columns) %}
    select {{ columns | join(', ') }}, count(*) as copies
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
{% endtest %}

{#- Grouped by `by`, a column adds up to what a column of another model adds up to (`condition`
    holds there), exactly. -#}
{% test adds_up_to(model, column, to, to_column, by=[], to_by=none, condition='true', to_condition='true') %}
    {%- set there = to_by or by %}
    select *
    from (
        select {% for key in by %}{{ key }} as key_{{ loop.index }}, {% endfor %} sum({{ column }}) as total
        from {{ model }}
        where {{ condition }}
        {% if by %}group by {{ by | join(', ') }}{% endif %}
    ) as here
    full outer join (
        select {% for key in there %}{{ key }} as key_{{ loop.index }}, {% endfor %} sum({{ to_column }}) as total
        from {{ to }}
        where {{ to_condition }}
        {% if there %}group by {{ there | join(', ') }}{% endif %}
    ) as there
        on {% for key in by %}here.key_{{ loop.index }} = there.key_{{ loop.index }}
        {%- if not loop.last %} and {% endif %}{% else %}true{% endfor %}
    where coalesce(here.total, 0) <> coalesce(there.total, 0)
{% endtest %}

{#- Over the touches of an order, each model's weights add up to 1 and its revenue to the order's. -#}
{% test attribution_conserves(model) %}
    select order_id
    from {{ model }}
    group by order_id
    having
        count(distinct order_revenue) <> 1
        {%- for name in attribution_models() %}
        or sum({{ name }}_weight) <> 1
        or sum({{ name }}_revenue) <> max(order_revenue)
        {%- endfor %}
{% endtest %}
