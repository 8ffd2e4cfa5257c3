{{ config(materialized='view') }}

{%- set texts = [
    'decision', 'waiting_costs', 'about', 'reason', 'requirement', 'answered_by', 'answered_version',
    'override_reason', 'helped_words',
] %}

select
    number,
    'request/' || cast(number as {{ dbt.type_string() }}) as record,
    title,
    state,
    state in ('new', 'accepted') as is_waiting,
    created_at,
    accepted_at,
    shipped_at,
    ended_at,
    needed_by,
    {% for text in texts -%}
    nullif({{ text }}, '') as {{ text }},
    {% endfor -%}
    merged_into,
    split_from,
    reach,
    impact,
    confidence,
    effort,
    value,
    urgency,
    risk,
    size,
    override,
    helped,
    asked,
    comments
from {{ source('product', 'requests') }}
