{#- The person of the events whom a customer is: the `userId` of their tracking, `c_` and the number. -#}
{% macro person_of_customer(customer_id) -%}
    ('c_' || cast({{ customer_id }} as {{ dbt.type_string() }}))
{%- endmacro %}

{#- Whether an order counts: for revenue, for new and returning, for cohorts, for attribution.
    Cancelled before it was shipped, or refunded after: it does not. -#}
{% macro order_counts(status) -%}
    ({{ status }} not in ('cancelled', 'refunded'))
{%- endmacro %}

{#- An amount of the orders that fulfil a condition, summed up as money. -#}
{% macro money_sum(amount, condition='true') -%}
    cast(coalesce(sum(case when {{ condition }} then {{ amount }} end), 0) as {{ t_money() }})
{%- endmacro %}

{#- How many rows fulfil a condition; with `distinct`, how many values of it. -#}
{% macro count_where(condition, distinct=none) -%}
    cast(count({% if distinct %}distinct {% endif %}case when {{ condition }} then {{ distinct or 1 }} end)
        as {{ dbt.type_bigint() }})
{%- endmacro %}

{#- The figures of some period's orders, of `fct_orders` as `o`: what daily and monthly revenue share. -#}
{% macro revenue_figures() %}
    {{ count_where('o.is_counted') }} as orders,
    {{ money_sum('o.revenue') }} as revenue,
    {{ money_sum('o.net_revenue') }} as net_revenue,
    {{ ratio('sum(o.revenue)', 'count(case when o.is_counted then 1 end)', 2) }} as average_order_value,
    {{ count_where('o.is_counted', distinct='o.customer_id') }} as customers,
    {{ count_where('o.is_first_order') }} as new_customers,
    {{ count_where('o.is_counted', distinct='o.customer_id') }} - {{ count_where('o.is_first_order') }}
        as returning_customers,
    {{ money_sum('o.revenue', 'o.is_first_order') }} as new_revenue,
    {{ money_sum('o.revenue', 'not o.is_first_order') }} as returning_revenue,
    cast(count(o.order_id) as {{ dbt.type_bigint() }}) as orders_placed,
    {{ money_sum('o.gross_revenue') }} as gross_revenue,
    {{ count_where("o.status = 'cancelled'") }} as cancelled_orders,
    {{ money_sum('o.gross_revenue', "o.status = 'cancelled'") }} as cancelled_amount,
    {{ count_where("o.status = 'refunded'") }} as refunded_orders,
    {{ money_sum('o.gross_revenue', "o.status = 'refunded'") }} as refunded_amount,
    {{ money_sum('o.discount', 'o.is_counted') }} as discount
{% endmacro %}

{#- One row per day (unit `day`) or month (unit `month`) from the first to the last date of a
    relation, as `period`, so that a period without an order is there too. -#}
{% macro periods(relation, date, unit, at_most) %}
    select cast({{ ts_add('cast(span.first_at as ' ~ t_ts() ~ ')', 'number.generated_number - 1', unit) }} as date) as period
    from ({{ dbt.generate_series(at_most) }}) as number
    inner join (
        select
            min({{ dbt.date_trunc(unit, date) }}) as first_at,
            max({{ dbt.date_trunc(unit, date) }}) as last_at
        from {{ relation }}
    ) as span
        on {{ ts_add('cast(span.first_at as ' ~ t_ts() ~ ')', 'number.generated_number - 1', unit) }}
            <= cast(span.last_at as {{ t_ts() }})
{% endmacro %}
