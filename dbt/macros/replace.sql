{#- Incremental strategy `replace`: new rows take the place of the rows they replace.

    A model says so in its meta:
    `replaces`: which rows make room, as a condition on `old` and `new`;
    `within: {column, first, last}`: the replaced rows' `column` lies between the smallest `first` and
    the largest `last` of the new rows. Their values go into the SQL as constants, so that the delete
    skips the files of other days;
    `keeps`: leaves out new rows that only say that something is gone. -#}
{% macro get_incremental_replace_sql(arg_dict) -%}
    {%- set target, fresh = arg_dict['target_relation'], arg_dict['temp_relation'] -%}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    {%- set plan = replaced_rows(target, fresh) -%}
    {%- if plan.condition -%}
    delete from {{ target }} as old using {{ fresh }} as new where {{ plan.condition }};
    {%- endif %}
    insert into {{ target }} ({{ columns }})
    select {{ columns }} from {{ fresh }} as new {% if plan.keeps -%} where {{ plan.keeps }} {%- endif %}
{%- endmacro %}

{#- `condition`: which rows of `target`, as `old`, make room for rows of `fresh`, as `new`; none where
    there are no new rows. `keeps`: the condition on `new` of the model's meta, or none. -#}
{% macro replaced_rows(target, fresh) -%}
    {%- set meta = config.get('meta', {}) -%}
    {%- set condition = meta['replaces'] -%}
    {%- if meta.get('within') -%}
        {%- set bounds = bounds_of(fresh, meta['within']['first'], meta['within']['last']) -%}
        {%- do remember_touched(target, bounds) -%}
        {%- set condition = none if not bounds else
            condition ~ ' and old.' ~ meta['within']['column'] ~ ' between ' ~ bounds.first ~ ' and ' ~ bounds.last -%}
    {%- endif -%}
    {{ return({'condition': condition, 'keeps': meta.get('keeps')}) }}
{%- endmacro %}
