{#- What dbt asks at its start, of each schema. The adapter's own query reads
    information_schema.tables, which counts the rows of every table of the lake (see
    resources/warehouse/relations.py). -#}
{% macro duckdb__list_relations_without_caching(schema_relation) -%}
    {% call statement('list_relations_without_caching', fetch_result=True) -%}
        select distinct
            database_name as database,
            table_name as name,
            schema_name as schema,
            case
                when (schema_name, table_name) in (
                    select (schema_name, view_name) from duckdb_views()
                    where database_name = '{{ schema_relation.database }}'
                ) then 'view'
                else 'table'
            end as type
        from duckdb_columns()
        where
            database_name = '{{ schema_relation.database }}'
            and lower(schema_name) = '{{ schema_relation.schema | lower }}'
    {%- endcall %}
    {{ return(load_result('list_relations_without_caching').table) }}
{%- endmacro %}
