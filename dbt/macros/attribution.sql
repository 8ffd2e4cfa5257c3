{#- Credit of an order's touches, in whole millionths, so that it adds up to 1 exactly.
    place: number of the touch among those that may get credit, from 1; of: how many there are. -#}

{% macro attribution_models() -%}
    {{ return(['first_touch', 'last_touch', 'position_based']) }}
{%- endmacro %}

{% macro credit(model, place, of) -%}
    {{ return({'first_touch': first_touch_credit, 'last_touch': last_touch_credit,
               'position_based': position_based_credit}[model](place, of)) }}
{%- endmacro %}

{% macro first_touch_credit(place, of) -%}
    case when {{ place }} = 1 then 1000000 else 0 end
{%- endmacro %}

{% macro last_touch_credit(place, of) -%}
    case when {{ place }} = {{ of }} then 1000000 else 0 end
{%- endmacro %}

{#- 40 % the first, 40 % the last, 20 % those between in equal parts; what does not divide goes, a
    millionth each, to the earliest of them. Two touches share, one has it all. -#}
{% macro position_based_credit(place, of) -%}
    case
        when {{ place }} is null then 0
        when {{ of }} = 1 then 1000000
        when {{ of }} = 2 then 500000
        when {{ place }} in (1, {{ of }}) then 400000
        else {{ int_div('200000', '(' ~ of ~ ' - 2)') }}
            + case when {{ place }} - 1 <= 200000 % ({{ of }} - 2) then 1 else 0 end
    end
{%- endmacro %}

{#- The part of an amount of cents that falls on a touch: what its credit and all before it are worth,
    less what those before it got. The parts add up to the amount, to the cent. -#}
{% macro credited_cents(cents, credit, credit_so_far) -%}
    ({{ int_div(cents ~ ' * ' ~ credit_so_far, '1000000') }}
        - {{ int_div(cents ~ ' * (' ~ credit_so_far ~ ' - ' ~ credit ~ ')', '1000000') }})
{%- endmacro %}
