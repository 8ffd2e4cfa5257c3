{#- The largest load that a model has seen, as a number in the compiled SQL: a constant lets the lake
    skip the files of older loads. 0 outside of an incremental run. -#}
{% macro last_load(relation=this, column='_load_id') -%}
    {%- if execute and is_incremental() -%}
        {{ return(run_query('select coalesce(max(' ~ column ~ '), 0) from ' ~ relation).columns[0].values()[0]) }}
    {%- endif -%}
    {{ return(0) }}
{%- endmacro %}
