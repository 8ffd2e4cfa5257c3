"""From an embedded lake to a team's: files, then the catalog, then proof that both say the same.

What belongs here: what of a lake is moved and how it is checked. What does not: the order of the
steps and what is moved besides (`platform_assets.server.migration`).
"""
