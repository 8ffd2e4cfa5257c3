{#- How models are built on Spark: the executors write Parquet files below the lake's data path, then
    one transaction of the lake shows them. `adapter.build_table`, `stage_rows`, `add_rows`: see
    resources/spark/dbt_adapter.py. -#}

{% materialization table, adapter='spark' -%}
    {{ return(built_on_spark()) }}
{%- endmaterialization %}

{#- A view too is a table: its SQL would be Spark's, and reports read the lake with DuckDB. -#}
{% materialization view, adapter='spark' -%}
    {{ return(built_on_spark()) }}
{%- endmaterialization %}

{% macro built_on_spark() -%}
    {%- set target = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks) }}
    {%- set rows = adapter.build_table(target, contracted(sql), required_columns()) -%}
    {% call noop_statement('main', 'OK ' ~ rows, 'CREATE', rows) -%} {{ sql }} {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [target]}) }}
{%- endmacro %}

{#- The model's SQL, after its contract has been checked against it. -#}
{% macro contracted(sql) -%}
    {%- if config.get('contract').enforced -%}
        {%- do get_assert_columns_equivalent(sql) -%}
        {{ return(get_select_subquery(sql)) }}
    {%- endif -%}
    {{ return(sql) }}
{%- endmacro %}

{#- The columns that a contract says are never null. -#}
{% macro required_columns() -%}
    {%- set names = [] -%}
    {%- if config.get('contract').enforced -%}
        {%- for column in model.columns.values() -%}
            {%- if column.constraints | selectattr('type', 'equalto', 'not_null') | list -%}
                {%- do names.append(column.name) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(names) }}
{%- endmacro %}

{% materialization incremental, adapter='spark' -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- if existing is none or existing.is_view or should_full_refresh() -%}
        {{ return(built_on_spark()) }}
    {%- endif -%}
    {%- set target = this.incorporate(type='table') -%}
    {%- set fresh = make_temp_relation(target) -%}
    {{ run_hooks(pre_hooks) }}
    {%- do run_query(create_temporary_view(fresh, contracted(sql))) -%}
    {%- set changes = incremental_validate_on_schema_change(config.get('on_schema_change'), default='ignore') -%}
    {%- set columns = process_schema_changes(changes, fresh, existing)
        or adapter.get_columns_in_relation(existing) -%}
    {%- set absent = absent_columns(existing, columns) if changes == 'append_new_columns' else [] -%}
    {%- set columns = columns + absent -%}
    {%- set names = columns | map(attribute='quoted') | join(', ') -%}
    {%- set rows_sql -%}
        select * {% for column in absent %}, cast(null as {{ column.dtype }}) as {{ column.quoted }} {%- endfor %}
        from {{ fresh }}
    {%- endset -%}
    {%- set staged = adapter.stage_rows(target, rows_sql, columns, fresh.identifier) -%}
    {%- set plan = room_on_spark(target, fresh) -%}
    {%- if plan.keeps -%}
        {%- set kept = adapter.stage_rows(
            target, 'select ' ~ names ~ ' from ' ~ fresh ~ ' as new where ' ~ plan.keeps, columns
        ) -%}
        {%- set rows = adapter.add_rows(target, kept, plan.before, staged) -%}
    {%- else -%}
        {%- set rows = adapter.add_rows(target, staged, plan.before) -%}
    {%- endif -%}
    {% call noop_statement('main', 'OK ' ~ rows, 'INSERT', rows) -%} {{ sql }} {%- endcall %}
    {%- do adapter.drop_relation(fresh) -%}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [target]}) }}
{%- endmaterialization %}

{#- The columns of a table that are not among these: no file may lack one, because the lake counts what
    is missing as never null. -#}
{% macro absent_columns(existing, columns) -%}
    {%- set here = columns | map(attribute='name') | map('lower') | list -%}
    {%- set absent = [] -%}
    {%- for column in adapter.get_columns_in_relation(existing) if column.name | lower not in here -%}
        {%- do absent.append(column) -%}
    {%- endfor -%}
    {{ return(absent) }}
{%- endmacro %}

{#- Which rows make room for the new ones: `before`, statements for the lake, where `fresh_rows` are
    the new ones; and `keeps`, a condition on those that stay. -#}
{% macro room_on_spark(target, fresh) -%}
    {%- set strategy = config.get('incremental_strategy') or 'append' -%}
    {%- set delete = 'delete from ' ~ adapter.in_lake(target) ~ ' as old using fresh_rows as new where ' -%}
    {%- set predicates = config.get('predicates') or config.get('incremental_predicates') or [] -%}
    {%- if strategy == 'append' -%}
        {{ return({'before': [], 'keeps': none}) }}
    {%- elif strategy == 'replace' -%}
        {%- set plan = replaced_rows(target, fresh) -%}
        {{ return({'before': [delete ~ plan.condition] if plan.condition else [], 'keeps': plan.keeps}) }}
    {%- elif strategy in ('delete+insert', 'merge', 'default') and config.get('unique_key') -%}
        {%- set key = config.get('unique_key') -%}
        {%- set matches = [] -%}
        {%- for column in ([key] if key is string else key) -%}
            {%- do matches.append('old.' ~ column ~ ' = new.' ~ column) -%}
        {%- endfor -%}
        {{ return({'before': [delete ~ (matches + predicates) | join(' and ')], 'keeps': none}) }}
    {%- elif strategy == 'default' -%}
        {{ return({'before': [], 'keeps': none}) }}
    {%- endif -%}
    {{ exceptions.raise_compiler_error(
        "Incremental strategy '" ~ strategy ~ "' is not there on Spark: use append, replace, or "
        ~ "delete+insert or merge with a unique_key."
    ) }}
{%- endmacro %}

{% materialization seed, adapter='spark' -%}
    {%- set target = this.incorporate(type='table') -%}
    {%- set table = load_agate_table() -%}
    {%- do store_result('agate_table', response='OK', agate_table=table) -%}
    {{ run_hooks(pre_hooks) }}
    {%- set declared = config.get('column_types', {}) -%}
    {%- set columns = [] -%}
    {%- for name in table.column_names -%}
        {%- do columns.append([name, declared.get(name, adapter.convert_type(table, loop.index0))]) -%}
    {%- endfor -%}
    {%- do adapter.load_seed(
        target, model.root_path ~ '/' ~ model.original_file_path, columns, config.get('delimiter', ',')
    ) -%}
    {%- set rows = table.rows | length -%}
    {% call noop_statement('main', 'INSERT ' ~ rows, 'INSERT', rows) -%} {{ model.path }} {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [target]}) }}
{%- endmaterialization %}
