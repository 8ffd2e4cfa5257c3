{#- Incremental strategy `replace`: new rows take the place of the rows they replace.

    A model says so in its meta:
    `replaces`: which rows make room, as a condition on `old` and `new`;
    `within: {column, first, last}`: the replaced rows' `column` lies between the smallest `first` and
    the largest `last` of the new rows. Their values go into the SQL as constants, so that the delete
    skips the files of other days;
    `keeps`: leaves out new rows that only say that something is gone. -#}
{% macro get_incremental_replace_sql(arg_dict) -%}
    {%- set target, fresh = arg_dict['target_relation'], arg_dict['temp_relation'] -%}
    {%- set meta = config.get('meta', {}) -%}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    {%- set bounds = none -%}
    {%- if meta.get('within') -%}
        {%- set bounds = bounds_of(fresh, meta['within']['first'], meta['within']['last']) -%}
        {%- do remember_touched(target, bounds) -%}
    {%- endif -%}
    {%- if bounds or not meta.get('within') -%}
    delete from {{ target }} as old using {{ fresh }} as new
    where {{ meta['replaces'] }}
        {% if bounds -%} and old.{{ meta['within']['column'] }} between {{ bounds.first }} and {{ bounds.last }} {%- endif %};
    {%- endif %}
    insert into {{ target }} ({{ columns }})
    select {{ columns }} from {{ fresh }} as new {% if meta.get('keeps') -%} where {{ meta['keeps'] }} {%- endif %}
{%- endmacro %}
