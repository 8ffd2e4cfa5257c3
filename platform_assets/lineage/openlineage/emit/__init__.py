"""Our events in OpenLineage: what was made, checked, seen and failed, and what there is.

What belongs here: what an event says (`described`, `facets`, `static`, `runs`, `why`, `live`),
reading Dagster's log (`log`), handing events over until they are accepted (`delivery`), the order
of it all (`tail`) and who runs it (`sensor`). What does not: names (`naming`), events of others
(`received`).
"""
