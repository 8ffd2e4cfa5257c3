"""Lineage down to the column, and OpenLineage.

What belongs here: which columns a column rests on (`columns`, `project`), and events of other
producers' and our own (`openlineage`). What does not: pages (`catalog`), commands (`commands`).
"""
