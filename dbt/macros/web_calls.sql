{#- From tracking calls (Segment spec) to typed columns: what `stg_web_events` is made of. -#}

{% macro landed(relations) %}
    {#- Of these relations, those that exist: an app that never sent anything has no table. -#}
    {%- set found = {} -%}
    {%- for name, relation in relations.items() -%}
        {%- if not execute or relation.is_cte or table_exists(relation) -%}
            {%- do found.update({name: relation}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(found or relations) -}}
{% endmacro %}

{% macro call_dates(relations, condition) %}
    {%- set parts = [] -%}
    {%- for relation in relations.values() -%}
        {%- do parts.append("select cast(" ~ utc_ts('"timestamp"') ~ " as date) as day from " ~ relation
            ~ " where " ~ condition) -%}
    {%- endfor -%}
    {{- return(date_list(parts | join(" union "))) -}}
{% endmacro %}

{% macro typed_calls(relations, condition) %}
{%- set properties = [
    'url', 'path', 'referrer', 'title', 'search', 'query', 'product_id', 'sku', 'price', 'quantity',
    'revenue', 'total', 'order_id',
] -%}
{#- Few addresses have parameters: a plain look spares the others three regular expressions. -#}
{%- set tagged = "url like '%utm_%'" -%}
{%- set context = [
    'page.url', 'page.path', 'page.referrer', 'page.title', 'page.search', 'campaign.source',
    'campaign.medium', 'campaign.name', 'userAgent', 'ip', 'locale',
] %}
select
    message_id,
    type,
    event,
    name,
    device_id,
    platform,
    user_id,
    event_at,
    received_at,
    cast(event_at as date) as event_date,
    url,
    {{ url_host('url') }} as host,
    coalesce(path, {{ url_path('url') }}) as path,
    referrer,
    {{ url_host('referrer') }} as referrer_host,
    title,
    search,
    lower(coalesce(campaign_source, case when {{ tagged }} then {{ url_query_param('url', 'utm_source') }} end)) as utm_source,
    lower(coalesce(campaign_medium, case when {{ tagged }} then {{ url_query_param('url', 'utm_medium') }} end)) as utm_medium,
    coalesce(campaign_name, case when {{ tagged }} then {{ url_query_param('url', 'utm_campaign') }} end) as utm_campaign,
    product_id,
    sku,
    cast(price as {{ t_money() }}) as price,
    cast(quantity as integer) as quantity,
    cast(revenue as {{ t_money() }}) as revenue,
    cast(total as {{ t_money() }}) as order_total,
    order_id,
    user_agent,
    ip,
    locale,
    upper({{ re_group('locale', '[-_]([A-Za-z][A-Za-z])$') }}) as country,
    _load_id
from (
    select
        message_id, type, event, name, device_id, platform, user_id, event_at, received_at, _load_id,
        {%- for path in ['url', 'path', 'referrer', 'title', 'search'] %}
        coalesce(
            {{ json_item('properties', properties, path) }},
            {%- if path == 'search' %}
            {{ json_item('properties', properties, 'query') }},
            {%- endif %}
            {{ json_item('context', context, 'page.' ~ path) }}
        ) as {{ path }},
        {%- endfor %}
        {%- for path in ['product_id', 'sku', 'price', 'quantity', 'revenue', 'total', 'order_id'] %}
        {{ json_item('properties', properties, path) }} as {{ path }},
        {%- endfor %}
        {%- for path in ['source', 'medium', 'name'] %}
        {{ json_item('context', context, 'campaign.' ~ path) }} as campaign_{{ path }},
        {%- endfor %}
        {{ json_item('context', context, 'userAgent') }} as user_agent,
        {{ json_item('context', context, 'ip') }} as ip,
        {{ json_item('context', context, 'locale') }} as locale
    from (
        {%- for platform, relation in relations.items() %}
        select
            '{{ platform }}' as platform,
            "messageId" as message_id,
            "type",
            event,
            name,
            coalesce(nullif("anonymousId", ''), nullif("userId", ''), "messageId") as device_id,
            nullif("userId", '') as user_id,
            {{ utc_ts('"timestamp"') }} as event_at,
            {{ utc_ts('"receivedAt"') }} as received_at,
            {{ json_record('properties', properties) }} as properties,
            {{ json_record('context', context) }} as context,
            _load_id
        from {{ relation }}
        where {{ condition }}
        {% if not loop.last %}union all{% endif %}
        {%- endfor %}
    ) as calls
) as fields
{% endmacro %}
