{{ config(materialized='view') }}

select
    number,
    about,
    version,
    stage,
    rating,
    rating <= 2 as is_bad,
    words,
    created_at,
    request,
    nullif(answer, '') as answer,
    answered_at
from {{ source('product', 'feedback') }}
