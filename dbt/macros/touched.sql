{#- A test `where: "__touched__ <date column>"` looks at the days that changed, whole, and not at years of
    history: a table can only have become wrong there. They are the days that this invocation of dbt has
    written; where it wrote none, or everything, those that the last day of loading touched. A run with
    `--full-refresh` tests everything. -#}
{% macro get_where_subquery(relation) -%}
    {%- set where = config.get('where') or '' -%}
    {%- if where.startswith('__touched__') -%}
        {%- set column = where.split(' ')[1] -%}
        {%- if flags.FULL_REFRESH or not execute -%} {{ return(relation) }} {%- endif -%}
        {%- set written = touched_in(invocation_id).get(relation.render()) -%}
        {%- if written -%}
            {%- set touched = column ~ ' between ' ~ written.first ~ ' and ' ~ written.last -%}
        {%- else -%}
            {%- set touched = date_in(column, date_list(
                'select distinct ' ~ column ~ ' from ' ~ relation ~ ' where _load_id >= ' ~ touched_since(relation)
            )) -%}
        {%- endif -%}
        {{ return('(select * from ' ~ relation ~ ' where ' ~ touched ~ ') as touched') }}
    {%- endif -%}
    {{ return(default__get_where_subquery(relation)) }}
{%- endmacro %}

{#- Keeps the range of days that a model has just written, for the tests that follow it in the same
    invocation. -#}
{% macro remember_touched(relation, bounds) -%}
    {%- if bounds -%}
        {%- do touched_in(invocation_id).update({relation.render(): {
            'first': 'cast(' ~ bounds.first ~ ' as date)', 'last': 'cast(' ~ bounds.last ~ ' as date)',
        }}) -%}
    {%- endif -%}
{%- endmacro %}

{#- What an invocation has written, by relation. `graph` is the one thing that its nodes share; a process
    that keeps its manifest keeps the graph too, so what earlier invocations wrote is dropped. -#}
{% macro touched_in(invocation) -%}
    {%- if graph.get('touched', {}).get('invocation') != invocation -%}
        {%- do graph.update({'touched': {'invocation': invocation, 'written': {}}}) -%}
    {%- endif -%}
    {{ return(graph['touched']['written']) }}
{%- endmacro %}

{#- The first load of the last day of loading, as the ledger has it; 0 without a ledger. -#}
{% macro touched_since(relation) -%}
    {%- set ledger = source('platform', 'ledger') -%}
    {%- if not table_exists(ledger) -%} {{ return(0) }} {%- endif -%}
    {{ return(scalar(
        'select coalesce(min(load_id), 0) from ' ~ ledger ~ ' where loaded_at >= (select '
        ~ ts_add('max(loaded_at)', -1, 'day') ~ ' from ' ~ ledger ~ ')'
    )) }}
{%- endmacro %}
