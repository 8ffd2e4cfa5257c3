{#- A moment without a zone, in UTC, to the microsecond. On Spark too: see resources/spark/session.py. -#}
{% macro t_ts() -%} timestamp {%- endmacro %}

{#- An amount of money: exact, two places. Cast every sum() back to it. -#}
{% macro t_money() -%} decimal(18, 2) {%- endmacro %}

{#- A raw moment (with a zone, or text) as `t_ts()` in UTC; sessions run in UTC. -#}
{% macro utc_ts(expression) -%}
    {{ return(adapter.dispatch('utc_ts', 'platform')(expression)) }}
{%- endmacro %}

{% macro default__utc_ts(expression) -%}
    cast(cast({{ expression }} as timestamptz) as timestamp)
{%- endmacro %}

{% macro spark__utc_ts(expression) -%}
    cast(cast({{ expression }} as timestamp_ltz) as timestamp)
{%- endmacro %}
