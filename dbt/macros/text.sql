{#- The first group of a regular expression; nothing where it does not match. Write no backslashes:
    `[.]`, `[0-9]`. -#}
{% macro re_group(expression, pattern) -%}
    {{ return(adapter.dispatch('re_group', 'platform')(expression, pattern)) }}
{%- endmacro %}

{% macro default__re_group(expression, pattern) -%}
    nullif(regexp_extract({{ expression }}, '{{ pattern }}', 1), '')
{%- endmacro %}

{% macro postgres__re_group(expression, pattern) -%}
    nullif(substring({{ expression }} from '{{ pattern }}'), '')
{%- endmacro %}

{#- Whether a regular expression is found in a text. -#}
{% macro re_like(expression, pattern) -%}
    {{ return(adapter.dispatch('re_like', 'platform')(expression, pattern)) }}
{%- endmacro %}

{% macro default__re_like(expression, pattern) -%}
    regexp_matches({{ expression }}, '{{ pattern }}')
{%- endmacro %}

{% macro postgres__re_like(expression, pattern) -%} ({{ expression }} ~ '{{ pattern }}') {%- endmacro %}
{% macro spark__re_like(expression, pattern) -%} ({{ expression }} rlike '{{ pattern }}') {%- endmacro %}

{#- `%20` and `+` back to what they stand for. -#}
{% macro url_decode(expression) -%}
    {{ return(adapter.dispatch('url_decode', 'platform')(expression)) }}
{%- endmacro %}

{% macro default__url_decode(expression) -%}
    coalesce(try(url_decode(replace({{ expression }}, '+', ' '))), {{ expression }})
{%- endmacro %}

{% macro spark__url_decode(expression) -%}
    coalesce(try_url_decode(replace({{ expression }}, '+', ' ')), {{ expression }})
{%- endmacro %}

{#- Parts of a URL. -#}
{% macro url_host(url) -%}
    lower({{ re_group(url, '^[a-zA-Z][a-zA-Z0-9+.-]*://(?:[^/?#@]*@)?([^/?#:]+)') }})
{%- endmacro %}

{% macro url_path(url) -%}
    {{ re_group(url, '^(?:[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*)?(/[^?#]*)') }}
{%- endmacro %}

{% macro url_query_param(url, name) -%}
    {{ url_decode(re_group(url, '[?&]' ~ name ~ '=([^&#]*)')) }}
{%- endmacro %}

{#- The texts of a group, one after the other in the order of a column. -#}
{% macro str_agg(expression, separator, order_by) -%}
    {{ return(adapter.dispatch('str_agg', 'platform')(expression, separator, order_by)) }}
{%- endmacro %}

{% macro default__str_agg(expression, separator, order_by) -%}
    string_agg({{ expression }}, '{{ separator }}' order by {{ order_by }})
{%- endmacro %}

{% macro spark__str_agg(expression, separator, order_by) -%}
    case when count({{ expression }}) > 0 then array_join(
        transform(array_sort(collect_list(struct({{ order_by }} as o, {{ expression }} as v))), x -> x.v),
        '{{ separator }}'
    ) end
{%- endmacro %}
