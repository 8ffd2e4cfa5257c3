{#- What dbt's own macros say otherwise on Spark: texts, temporary names, columns that change. -#}

{#- A text inside of a literal: Spark reads a backslash as the beginning of an escape. -#}
{% macro spark__escape_single_quotes(expression) -%}
    {{ expression | replace('\\', '\\\\') | replace("'", "\\'") }}
{%- endmacro %}

{#- A temporary view of the session, which several nodes share: with a name of the node's own. -#}
{% macro spark__make_temp_relation(base_relation, suffix) -%}
    {%- set name = base_relation.identifier ~ (suffix or '__dbt_tmp') ~ '_' ~ local_md5(model.unique_id)[:8] -%}
    {{ return(base_relation.incorporate(path={'identifier': name}).include(database=false, schema=false)) }}
{%- endmacro %}

{% macro spark__alter_relation_add_remove_columns(relation, add_columns, remove_columns) -%}
    {%- do adapter.alter_columns(relation, add_columns, remove_columns) -%}
{%- endmacro %}

{#- Rows that are there keep their type: another one is for the whole table, which is made anew. -#}
{% macro spark__alter_column_type(relation, column_name, new_column_type) -%}
    {{ exceptions.raise_compiler_error(
        "The type of " ~ relation ~ "." ~ column_name ~ " is not changed by an increment; run with --full-refresh."
    ) }}
{%- endmacro %}
