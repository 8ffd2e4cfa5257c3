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

{#- Several scalars of one JSON text: `json_record` reads the text once, `json_item` takes one of the
    paths out of it. A fourth of the time of as many `json_text`. -#}
{% macro json_record(column, paths) -%}
    {{ return(adapter.dispatch('json_record', 'platform')(column, paths)) }}
{%- endmacro %}

{% macro default__json_record(column, paths) -%} {{ column }} {%- endmacro %}
{% macro duckdb__json_record(column, paths) -%}
    json_extract_string({{ column }}, ['$.{{ paths | join("', '$.") }}'])
{%- endmacro %}

{% macro json_item(record, paths, path) -%}
    {{ return(adapter.dispatch('json_item', 'platform')(record, paths, path)) }}
{%- endmacro %}

{% macro default__json_item(record, paths, path) -%} {{ json_text(record, path) }} {%- endmacro %}
{% macro duckdb__json_item(record, paths, path) -%}
    nullif({{ record }}[{{ paths.index(path) + 1 }}], '')
{%- endmacro %}
