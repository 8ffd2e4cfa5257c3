{#- The day of an export, from the name of its file: an old export that lands late is still older. -#}
{% macro exported_on(file) -%}
    {{ re_group(file, '([0-9]{4}-[0-9]{2}-[0-9]{2})[^/]*$') }}
{%- endmacro %}
