{#- Scores of requests: the formula, what it comes to, and its arithmetic in words. What a formula may be
    made of, and the same worked out for pages: platform_assets/product/formula.py.

    An organisation's own formula is `priority_formula` in dbt_project.yml, with `priority_method: custom`. -#}

{#- What a formula may count with: what was estimated, and counts, which are never missing. -#}
{% macro priority_names() -%}
    {{ return([
        'reach', 'impact', 'confidence', 'effort', 'value', 'urgency', 'risk', 'size',
        'asked', 'feedback_count', 'objective_count', 'views_90d',
    ]) }}
{%- endmacro %}

{#- The formula that the project goes by. -#}
{% macro priority_formula() -%}
    {%- set formulas = {
        'rice': 'reach * impact * confidence / effort',
        'wsjf': '(value + urgency + risk) / size',
        'custom': var('priority_formula'),
    } -%}
    {%- set method = var('priority_method') -%}
    {%- if method not in formulas -%}
        {%- do exceptions.raise_compiler_error(
            'priority_method is ' ~ method ~ ': write one of ' ~ formulas | join(', ') ~ ' in dbt_project.yml'
        ) -%}
    {%- endif -%}
    {{ return(formulas[method].split() | join(' ')) }}
{%- endmacro %}

{#- Score by a formula, two places, over columns of double precision; null where something is missing, or
    where it divides by 0. -#}
{% macro priority_score(formula) -%}
    {%- set divisor = '/\\s*([a-z_0-9.]+(?:\\s*\\([^()]*\\))?|\\([^()]*\\))' -%}
    {%- set gaps = priority_gaps(formula).values() -%}
    {%- set worked_out = half_up(modules.re.sub(divisor, '/ nullif(\\1, 0)', formula), 2) -%}
    {%- if gaps -%} case when not ({{ gaps | join(' or ') }}) then {{ worked_out }} end
    {%- else -%} {{ worked_out }}
    {%- endif -%}
{%- endmacro %}

{#- The names in a formula that have nothing to fall back on. -#}
{% macro priority_needs(formula) -%}
    {%- set without = modules.re.sub('coalesce\\s*\\(\\s*[a-z_0-9]+\\s*,', '', formula) -%}
    {%- set needed = [] -%}
    {%- for word in modules.re.findall('[a-z_][a-z_0-9]*', without) -%}
        {%- if word in priority_names() and word not in needed -%} {%- do needed.append(word) -%} {%- endif -%}
    {%- endfor -%}
    {{ return(needed) }}
{%- endmacro %}

{#- Conditions that a name has no value: null, or 0 where it is divided by; by name, of those that are needed. -#}
{% macro priority_gaps(formula) -%}
    {%- set divisors = modules.re.findall('/\\s*([a-z_][a-z_0-9]*)', formula) -%}
    {%- set gaps = {} -%}
    {%- for name in priority_needs(formula) -%}
        {%- set nothing = 'coalesce(' ~ name ~ ', 0) = 0' if name in divisors else name ~ ' is null' -%}
        {%- do gaps.update({name: nothing}) -%}
    {%- endfor -%}
    {{ return(gaps) }}
{%- endmacro %}

{#- How a score came about: `reach 120 × impact 2 ÷ effort 3 = 80`, or what is not estimated. -#}
{% macro priority_arithmetic(formula, score) -%}
    {%- set gaps = priority_gaps(formula) -%}
    {%- set missing -%}
        {%- for condition in gaps.values() -%}
            case when {{ condition }} then 1 else 0 end {{- ' + ' if not loop.last }}
        {%- endfor -%}
    {%- endset -%}
    case
        {% if gaps -%}
        when {{ missing }} > 0
            then {{ priority_listed(gaps) }}
                || case when {{ missing }} = 1 then ' is' else ' are' end || ' not estimated'
        {% endif -%}
        when {{ score }} is null then {{ priority_words(formula) }} || ' divides by 0'
        else {{ priority_words(formula) }} || ' = ' || {{ number_text(score, 2) }}
    end
{%- endmacro %}

{#- The names whose condition holds: `reach, impact and effort`. -#}
{% macro priority_listed(gaps) -%}
    {%- set conditions = gaps.values() | list -%}
    {%- for name, condition in gaps.items() %}
    {%- set before = conditions[:loop.index0] -%}
    {%- set after = conditions[loop.index:] -%}
    case when {{ condition }} then
        {% if before -%}
        case
            when not ({{ before | join(' or ') }}) then ''
            {% if after -%} when {{ after | join(' or ') }} then ', ' {% endif -%}
            else ' and '
        end ||
        {%- endif %} '{{ name }}'
    else '' end
    {{- ' || ' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- A formula with each value behind its name. -#}
{% macro priority_words(formula) -%}
    {%- set pieces = [] -%}
    {%- for piece in modules.re.split('([a-z_][a-z_0-9]*)', formula) if piece -%}
        {%- if piece in priority_names() -%}
            {%- do pieces.append("'" ~ piece ~ " ' || coalesce(" ~ number_text(piece, 4) ~ ", 'none')") -%}
        {%- else -%}
            {%- do pieces.append("'" ~ piece.replace('*', '×').replace('/', '÷') ~ "'") -%}
        {%- endif -%}
    {%- endfor -%}
    ({{ pieces | join(' || ') }})
{%- endmacro %}
