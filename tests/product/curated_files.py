"""Records for tests: one good file of each kind, and files that are changed in one place."""

from pathlib import Path

GOOD = {
    "requirements/fast.md": """---
title: Fast
owner: team:data
status: met
statement: It is fast.
acceptance: [It takes a second.]
check: marts/orders:unique
requests: [1, 2]
assets: [marts/orders, report/weekly]
---
Why it has to be fast.
""",
    "objectives/grow.md": """---
title: Grow
owner: team:data
start: 2026-07-01
due: 2026-12-31
key_results:
  - id: more-orders
    title: More orders
    unit: orders
    baseline: 10
    target: 20
    sql: |
      WITH newest AS (SELECT max(day) AS day FROM marts.orders)

      SELECT count(*) AS value, max(newest.day) AS as_of
      FROM raw.shop__orders
      CROSS JOIN newest
  - id: fewer-returns
    title: Fewer returns
    owner: shop@fernweh.example
    baseline: 8.5
    target: 4
    due: 2026-09-30
    sql: SELECT 1.0 AS value, max(day) AS as_of FROM marts.orders
---
""",
    "decisions/one.md": """---
title: One
owner: team:data
status: superseded
decided_on: 2026-07-09
options: [One, Two]
choice: One
settles: [request/1, requirement/fast]
superseded_by: two
---
## Context
""",
    "decisions/two.md": """---
title: Two
owner: team:data
---
""",
    "roadmap/speed.md": """---
title: Speed
owner: team:data
horizon: done
target: 2026-08-31
shipped_on: 2026-08-24
objective: grow
deliverables: [report/weekly, requirement/fast]
---
""",
    "minutes/2026-07-09.md": """---
title: Kick-off
owner: team:data
held_on: 2026-07-09
attendees: [Mara, Jonas]
decisions: [one]
actions:
  - {what: Measure, owner: mara@fernweh.example, due: 2026-07-24, done_on: 2026-07-22}
  - {what: Decide, owner: jonas@fernweh.example, due: 2026-08-01}
---
""",
    "metrics/orders.md": """---
title: Orders
owner: team:data
unit: orders
definition: All orders.
sql: SELECT count(*) FROM marts.orders
---
""",
}


def write(folder: Path, *changes: tuple[str, str, str]) -> Path:
    """Write the good files below a folder, some with one text replaced by another."""
    texts = dict(GOOD)
    for name, old, new in changes:
        assert old in texts[name], old
        texts[name] = texts[name].replace(old, new, 1)
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder
