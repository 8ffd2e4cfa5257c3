"""How the name of a warehouse table becomes the key of its asset.

What belongs here: that one rule. What does not: which assets there are.
"""


def asset_key(table: str) -> str:
    """Return the key of a table: `marts.daily_revenue` is `marts/daily_revenue`.

    `raw.<source>__<table>` is the asset `raw/<source>/<table>`.
    """
    schema, _, name = table.partition(".")
    return f"{schema}/{name.replace('__', '/', 1) if schema == 'raw' else name}"
