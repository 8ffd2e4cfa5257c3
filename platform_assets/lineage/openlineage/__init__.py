"""OpenLineage: what our assets and jobs are called, events out, events in.

What belongs here: names (`naming`), events of our own (`emit`), events of other producers
(`received`). What does not: which columns a column rests on (`lineage.columns`).
"""
