{#- A test `where: "__touched__ <date column>"` looks at the days that the last day of loading has
    touched, whole, and not at years of history: a table can only have become wrong there. A run with
    `--full-refresh` tests everything. -#}
{% macro get_where_subquery(relation) -%}
    {%- set where = config.get('where') or '' -%}
    {%- if where.startswith('__touched__') -%}
        {%- set column = where.split(' ')[1] -%}
        {%- if flags.FULL_REFRESH or not execute -%} {{ return(relation) }} {%- endif -%}
        {%- set since = touched_since(relation) -%}
        {%- set dates = date_list('select distinct ' ~ column ~ ' from ' ~ relation ~ ' where _load_id >= ' ~ since) -%}
        {{ return('(select * from ' ~ relation ~ ' where ' ~ date_in(column, dates) ~ ') as touched') }}
    {%- endif -%}
    {{ return(default__get_where_subquery(relation)) }}
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
