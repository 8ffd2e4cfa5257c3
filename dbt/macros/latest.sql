{#- The latest version of each record of a raw table: vendors deliver overlapping windows, and a
    database row comes again when it changed. Ties are broken by load and line, so that the answer
    does not depend on the order of delivery within a load. -#}
{% macro latest_per_key(relation, key, order_by=[]) -%}
    select *
    from {{ relation }}
    qualify
        row_number() over (
            partition by {{ key | join(', ') }}
            order by
                {% for column in order_by -%} {{ column }} desc nulls last, {% endfor -%}
                _load_id desc, _file desc, _line desc nulls last
        ) = 1
{%- endmacro %}

{#- The value of the row that comes first (last) by `order`, in a group; nulls do not count. -#}
{% macro first_by(value, order, condition='true') -%}
    {{ return(adapter.dispatch('first_by', 'platform')(value, order, condition)) }}
{%- endmacro %}

{% macro default__first_by(value, order, condition) -%}
    arg_min({{ value }}, {{ order }}) filter (where {{ condition }})
{%- endmacro %}

{% macro spark__first_by(value, order, condition) -%}
    min_by({{ value }}, {{ order }}) filter (where {{ condition }} and {{ value }} is not null)
{%- endmacro %}

{% macro postgres__first_by(value, order, condition) -%}
    (array_agg({{ value }} order by {{ order }}) filter (where {{ condition }} and {{ value }} is not null))[1]
{%- endmacro %}

{% macro last_by(value, order, condition='true') -%}
    {{ return(first_by(value, '-(' ~ order ~ ')', condition)) }}
{%- endmacro %}

{#- A hash over columns: a total order of rows that differ. -#}
{% macro fingerprint(columns) -%}
    {%- set parts = [] -%}
    {%- for column in columns -%}
        {%- do parts.append("coalesce(cast(" ~ column ~ " as " ~ dbt.type_string() ~ "), '~')") -%}
    {%- endfor -%}
    {{ return(dbt.hash(parts | join(" || '|' || "))) }}
{%- endmacro %}
