"""OpenLineage in: what other producers tell of their runs, jobs and datasets.

What belongs here: reading and judging events (`events`, `shapes`), keeping them (`store`), and the
HTTP that takes and tells them (`web`). What does not: events of our own, pages (`catalog`).
"""
