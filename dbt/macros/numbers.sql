{#- A quotient to some places; nothing where there is nothing to divide by. -#}
{% macro ratio(numerator, denominator, places=4) -%}
    cast(
        round(
            cast({{ numerator }} as decimal(28, 8)) / nullif(cast({{ denominator }} as decimal(28, 8)), 0),
            {{ places }}
        ) as decimal(18, {{ places }})
    )
{%- endmacro %}

{#- A whole quotient, rounded towards zero. -#}
{% macro int_div(numerator, denominator) -%}
    {{ return(adapter.dispatch('int_div', 'platform')(numerator, denominator)) }}
{%- endmacro %}

{% macro default__int_div(numerator, denominator) -%} ({{ numerator }} // {{ denominator }}) {%- endmacro %}
{% macro postgres__int_div(numerator, denominator) -%} ({{ numerator }} / {{ denominator }}) {%- endmacro %}
{% macro spark__int_div(numerator, denominator) -%} ({{ numerator }} div {{ denominator }}) {%- endmacro %}

{#- A double rounded to some places, halves up. round() of engines disagree about halves; these steps are
    those of platform_assets/product/formula.py too. -#}
{% macro half_up(expression, places) -%}
    (floor(({{ expression }}) * {{ 10 ** places }} + 0.5e0) / {{ 10 ** places }}e0)
{%- endmacro %}

{#- A double as text: at most so many places, without zeros at its end. -#}
{% macro number_text(expression, places) -%}
    regexp_replace(
        cast(cast({{ half_up(expression, places) }} as decimal(28, {{ places }})) as {{ dbt.type_string() }}),
        '[.]?0*$', ''
    )
{%- endmacro %}

{#- The mean of a group, halves up; nulls do not count, and nothing where there is nothing else. -#}
{% macro mean(expression, places) -%}
    cast(
        {{ half_up('sum(' ~ expression ~ ') / nullif(cast(count(' ~ expression ~ ') as double), 0)', places) }}
        as decimal(18, {{ places }})
    )
{%- endmacro %}
