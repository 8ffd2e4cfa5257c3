{#- Scalars out of JSON text. A path is dotted: `page.url`. Never take an object out as text: engines
    write it differently. -#}

{% macro json_text(column, path) -%}
    {{ return(adapter.dispatch('json_text', 'platform')(column, path)) }}
{%- endmacro %}

{% macro default__json_text(column, path) -%}
    nullif(json_extract_string({{ column }}, '$.{{ path }}'), '')
{%- endmacro %}

{% macro spark__json_text(column, path) -%}
    nullif(get_json_object({{ column }}, '$.{{ path }}'), '')
{%- endmacro %}

{% macro postgres__json_text(column, path) -%}
    nullif(cast({{ column }} as jsonb) #>> '{ {{- path | replace('.', ',') -}} }', '')
{%- endmacro %}

{#- A number out of JSON text, as money: numbers are written differently by engines, so cast at once. -#}
{% macro json_money(column, path) -%}
    cast({{ json_text(column, path) }} as {{ t_money() }})
{%- endmacro %}

{% macro json_integer(column, path) -%}
    cast({{ json_money(column, path) }} as {{ dbt.type_bigint() }})
{%- endmacro %}
