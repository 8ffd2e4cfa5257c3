{#- Sessions: events of one visitor, until a silence of more than 30 minutes.

    A new event touches the sessions of its visitor that it lies in or within the gap of, and no
    others. Sessions only ever grow together, so that an old session lies inside exactly one new one. -#}

{#- Prepares an increment: up to which load it goes, what the new events touch, and on which dates that
    lies. What another run loads from now on is left to the next increment, whole.
    `events` and `sessions` are relations with the columns `visitor`, and `at`, or session_start_at and
    session_end_at. -#}
{% macro session_increment(events, sessions, visitor, at) -%}
    {%- set until = last_load(events) -%}
    {%- set arrived = 'e._load_id > ' ~ last_load(sessions) ~ ' and e._load_id <= ' ~ until -%}
    {%- set times = run_query_bounds(events, at, arrived) -%}
    {%- set spans -%}
        select e.{{ visitor }}, e.{{ at }} as first_at, e.{{ at }} as last_at
        from {{ events }} as e
        where {{ arrived }}
        union
        select s.{{ visitor }}, s.session_start_at, s.session_end_at
        from {{ sessions }} as s
        inner join {{ events }} as e
            on s.{{ visitor }} = e.{{ visitor }}
            and e.{{ at }} >= {{ ts_add('s.session_start_at', -30, 'minute') }}
            and e.{{ at }} <= {{ ts_add('s.session_end_at', 30, 'minute') }}
        where {{ arrived }}
            {% if times -%}
            and s.session_start_at <= {{ ts_add(times.last, 30, 'minute') }}
            and s.session_end_at >= {{ ts_add(times.first, -30, 'minute') }}
            {%- endif %}
    {%- endset -%}
    {{ return({
        'until': until,
        'spans': spans,
        'dates': date_list(dates_between('(' ~ spans ~ ') as spans', 'first_at', 'last_at')),
    }) }}
{%- endmacro %}

{#- First and last time of the events that arrive; none when there are none. A unit test overrides it. -#}
{% macro run_query_bounds(events, at, arrived) -%}
    {%- if not execute -%} {{ return(none) }} {%- endif -%}
    {{ return(bounds_of(events ~ ' as e where ' ~ arrived, at, at)) }}
{%- endmacro %}

{#- The events to put into sessions, each with `place` (its number among its visitor's events here) and
    `session_number`. `increment` comes from session_increment, or is none for all events. -#}
{% macro numbered_events(events, visitor, at, date, tie, increment) -%}
    select
        *,
        sum(case when previous_at >= {{ ts_add(at, -30, 'minute') }} then 0 else 1 end) over (
            partition by {{ visitor }} order by place rows unbounded preceding
        ) as session_number
    from (
        select
            *,
            lag({{ at }}) over (partition by {{ visitor }} order by {{ at }}, {{ tie }}) as previous_at,
            row_number() over (partition by {{ visitor }} order by {{ at }}, {{ tie }}) as place
        from {{ events }} as e
        {% if increment -%}
        where {{ date_in('e.' ~ date, increment.dates) }}
            and e._load_id <= {{ increment.until }}
            and exists (
                select 1
                from ({{ increment.spans }}) as span
                where span.{{ visitor }} = e.{{ visitor }}
                    and e.{{ at }} between span.first_at and span.last_at
            )
        {%- endif %}
    ) as ordered
{%- endmacro %}
