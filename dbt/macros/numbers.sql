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
