"""Changes of the tables, one file each, in Alembic's form; what was released is never edited.

What belongs here: how the tables of one release become those of the next. What does not: running
them (`migrating`), the tables as they are now (`tables`).

`upgrade` is given Alembic's operations: its module-wide `op` would be shared with Dagster, which
changes tables of its own in the same process.
"""
