{#- Whole milliseconds from `earlier` to `later`: engines disagree on the minute difference. -#}
{% macro ms_between(earlier, later) -%}
    {{ return(adapter.dispatch('ms_between', 'platform')(earlier, later)) }}
{%- endmacro %}

{% macro default__ms_between(earlier, later) -%}
    (epoch_ms({{ later }}) - epoch_ms({{ earlier }}))
{%- endmacro %}

{% macro postgres__ms_between(earlier, later) -%}
    cast(extract(epoch from ({{ later }} - {{ earlier }})) * 1000 as bigint)
{%- endmacro %}

{% macro spark__ms_between(earlier, later) -%}
    timestampdiff(millisecond, {{ earlier }}, {{ later }})
{%- endmacro %}

{#- Days from one date to another. -#}
{% macro days_between(earlier, later) -%}
    {{ dbt.datediff(earlier, later, 'day') }}
{%- endmacro %}

{#- A moment some units later (or earlier); keeps fractions of a second. -#}
{% macro ts_add(moment, amount, unit) -%}
    {{ return(adapter.dispatch('ts_add', 'platform')(moment, amount, unit)) }}
{%- endmacro %}

{% macro default__ts_add(moment, amount, unit) -%}
    ({{ moment }} + interval '1 {{ unit }}' * ({{ amount }}))
{%- endmacro %}

{% macro spark__ts_add(moment, amount, unit) -%}
    timestampadd({{ unit }}, {{ amount }}, {{ moment }})
{%- endmacro %}

{#- The first day of a moment's month, as a date. -#}
{% macro month_of(moment) -%}
    cast({{ dbt.date_trunc('month', moment) }} as date)
{%- endmacro %}

{#- The Monday of a moment's week, as a date. -#}
{% macro week_of(moment) -%}
    cast({{ dbt.date_trunc('week', moment) }} as date)
{%- endmacro %}
