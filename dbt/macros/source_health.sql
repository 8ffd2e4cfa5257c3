{#- A reason of the quarantine without the value and the numbers in it: what many records share.
    Values may be personal; they stay in platform.quarantine. -#}
{% macro reason_kind(reason) -%}
    case
        when {{ re_like(reason, ': .* is not exactly a ') }}
            then coalesce({{ re_group(reason, '^(.*?): ') }}, '') || ': not exactly a '
                || coalesce({{ re_group(reason, ' is not exactly a ([a-z0-9]+)') }}, '')
        when {{ re_like(reason, '^invalid JSON') }} then 'invalid JSON'
        else {{ mask_numbers(reason) }}
    end
{%- endmacro %}

{#- A text with `#` for every number that stands alone in it (`UTF-8` stays). -#}
{% macro mask_numbers(text) -%}
    {{ return(adapter.dispatch('mask_numbers', 'platform')(text)) }}
{%- endmacro %}

{% macro default__mask_numbers(text) -%} trim(regexp_replace(' ' || {{ text }}, ' [0-9]+', ' #', 'g')) {%- endmacro %}
{% macro spark__mask_numbers(text) -%} trim(regexp_replace(' ' || {{ text }}, ' [0-9]+', ' #')) {%- endmacro %}
