{#- Google's default channel group of a visit, by the rules that Google documents for Analytics
    (support.google.com/analytics/answer/9756891); the first rule that fits decides.

    source, medium, campaign: as the visit's UTM parameters or referrer say; null or empty for none.
    source_category: SOURCE_CATEGORY_SEARCH, _SOCIAL, _VIDEO or _SHOPPING, of seed
    channel_source_categories; null for a source that it does not know. -#}
{% macro default_channel_group(source, medium, campaign, source_category) -%}
{%- set src -%} lower(coalesce({{ source }}, '')) {%- endset -%}
{%- set med -%} lower(coalesce({{ medium }}, '')) {%- endset -%}
{%- set cam -%} lower(coalesce({{ campaign }}, '')) {%- endset -%}
{%- set paid -%} {{ re_like(med, '^(.*cp.*|ppc|retargeting|paid.*)$') }} {%- endset -%}
{%- set shop -%}
    (coalesce({{ source_category }}, '') = 'SOURCE_CATEGORY_SHOPPING'
        or {{ re_like(cam, '^(.*(([^a-df-z]|^)shop|shopping).*)$') }})
{%- endset -%}
{%- set email = "('email', 'e-mail', 'e_mail', 'e mail')" -%}
    case
        when {{ src }} in ('', '(direct)') and {{ med }} in ('', '(none)', '(not set)') then 'Direct'
        when {{ cam }} like '%cross-network%' then 'Cross-network'
        when {{ shop }} and {{ paid }} then 'Paid Shopping'
        when {{ source_category }} = 'SOURCE_CATEGORY_SEARCH' and {{ paid }} then 'Paid Search'
        when {{ source_category }} = 'SOURCE_CATEGORY_SOCIAL' and {{ paid }} then 'Paid Social'
        when {{ source_category }} = 'SOURCE_CATEGORY_VIDEO' and {{ paid }} then 'Paid Video'
        when {{ med }} in ('display', 'banner', 'expandable', 'interstitial', 'cpm') then 'Display'
        when {{ paid }} then 'Paid Other'
        when {{ shop }} then 'Organic Shopping'
        when {{ source_category }} = 'SOURCE_CATEGORY_SOCIAL'
            or {{ med }} in ('social', 'social-network', 'social-media', 'sm', 'social network', 'social media')
            then 'Organic Social'
        when {{ source_category }} = 'SOURCE_CATEGORY_VIDEO' or {{ med }} like '%video%' then 'Organic Video'
        when {{ source_category }} = 'SOURCE_CATEGORY_SEARCH' or {{ med }} = 'organic' then 'Organic Search'
        when {{ med }} in ('referral', 'app', 'link') then 'Referral'
        when {{ src }} in {{ email }} or {{ med }} in {{ email }} then 'Email'
        when {{ med }} = 'affiliate' then 'Affiliates'
        when {{ med }} = 'audio' then 'Audio'
        when {{ src }} = 'sms' or {{ med }} = 'sms' then 'SMS'
        when {{ med }} like '%push' or {{ med }} like '%mobile%' or {{ med }} like '%notification%'
            or {{ src }} = 'firebase' then 'Mobile Push Notifications'
        else 'Unassigned'
    end
{%- endmacro %}

{#- How a source may be written in the seed of categories, best first: as it is; a host without
    `www.`; the name in the host (`google` of www.google.co.uk, but not of mail.google.com). -#}
{% macro source_names(source) -%}
    {%- set host -%} lower({{ source }}) {%- endset -%}
    {{ return([
        host,
        re_group(host, '^www[.](.+)$'),
        re_group(host, '^(?:www[.])?([^.]+)[.](?:(?:com|co|org|net|gov|edu|ac)[.])?[a-z]+$'),
    ]) }}
{%- endmacro %}
