{#- What a model has seen, and what is new to it: numbers and dates as constants in the compiled SQL,
    because only constants let the lake skip the files of older loads and days. What asks the
    warehouse is a macro of its own, which a unit test can override. -#}

{#- The largest load that `relation` has seen; 0 outside of an incremental run. -#}
{% macro last_load(relation=this, column='_load_id') -%}
    {%- if execute and is_incremental() -%}
        {{ return(scalar('select coalesce(max(' ~ column ~ '), 0) from ' ~ relation)) }}
    {%- endif -%}
    {{ return(0) }}
{%- endmacro %}

{#- The largest of the loads that these relations have seen. -#}
{% macro newest_load(relations) -%}
    {%- set loads = [0] -%}
    {%- for relation in relations -%} {%- do loads.append(last_load(relation)) -%} {%- endfor -%}
    {{ return(loads | max) }}
{%- endmacro %}

{#- The one value that a query returns. -#}
{% macro scalar(query) -%}
    {{ return(run_query(query).columns[0].values()[0]) }}
{%- endmacro %}

{#- First and last date of a query's two columns, as literals; none where it finds nothing. -#}
{% macro date_range(query) -%}
    {%- if not execute -%} {{ return(none) }} {%- endif -%}
    {%- set row = run_query(query).rows[0] -%}
    {%- if row[0] is none -%}
        {{ return(none) }}
    {%- endif -%}
    {{ return({'first': "date '" ~ row[0] ~ "'", 'last': "date '" ~ row[1] ~ "'"}) }}
{%- endmacro %}

{#- The dates in the first column of a query, as literals. -#}
{% macro date_list(query) -%}
    {%- set dates = [] -%}
    {%- if execute -%}
        {%- for value in run_query(query).columns[0].values() -%}
            {%- do dates.append("date '" ~ value ~ "'") -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(dates) }}
{%- endmacro %}

{#- Whether `column` is one of these date literals: the range skips files, the list skips the days
    between a late event and now. -#}
{% macro date_in(column, dates) -%}
    {%- if not dates -%} {{ return('false') }} {%- endif -%}
    {{ return(column ~ ' between ' ~ dates | min ~ ' and ' ~ dates | max
        ~ ' and ' ~ column ~ ' in (' ~ dates | join(', ') ~ ')') }}
{%- endmacro %}

{#- A query for the dates from `first` to `last` (moments) of each row of a relation. -#}
{% macro dates_between(relation, first, last) -%}
    {{ return(adapter.dispatch('dates_between', 'platform')(relation, first, last)) }}
{%- endmacro %}

{% macro default__dates_between(relation, first, last) -%}
    select distinct
        cast(unnest(generate_series(date_trunc('day', {{ first }}), {{ last }}, interval '1 day')) as date) as day
    from {{ relation }}
{%- endmacro %}

{% macro spark__dates_between(relation, first, last) -%}
    select distinct explode(sequence(cast({{ first }} as date), cast({{ last }} as date))) as day
    from {{ relation }}
{%- endmacro %}

{#- The smallest `first` and the largest `last` of a relation, as literals; none when it is empty. -#}
{% macro bounds_of(relation, first, last) -%}
    {%- set row = run_query(
        'select min(' ~ first ~ '), max(' ~ last ~ ') from ' ~ relation
    ).rows[0] -%}
    {%- if row[0] is none -%}
        {{ return(none) }}
    {%- endif -%}
    {{ return({
        'first': "cast('" ~ row[0] ~ "' as " ~ t_ts() ~ ')',
        'last': "cast('" ~ row[1] ~ "' as " ~ t_ts() ~ ')',
    }) }}
{%- endmacro %}

{#- Whether a table is there. Asks in a plain query: dbt's own load_relation would open a transaction,
    and with it take the warehouse's write lock, long before there is anything to write. -#}
{% macro table_exists(relation) -%}
    {{ return(adapter.dispatch('table_exists', 'platform')(relation)) }}
{%- endmacro %}

{% macro default__table_exists(relation) -%}
    {{ return(scalar(
        "select count(*) from duckdb_columns() where schema_name = '" ~ relation.schema
        ~ "' and table_name = '" ~ relation.identifier ~ "' and database_name = '" ~ relation.database ~ "'"
    ) > 0) }}
{%- endmacro %}

{% macro spark__table_exists(relation) -%} {{ return(load_relation(relation) is not none) }} {%- endmacro %}
