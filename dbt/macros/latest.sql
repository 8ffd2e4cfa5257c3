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
