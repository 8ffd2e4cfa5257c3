"""The store of what everybody submits: requests, feedback, votes, comments, and every edit of them.

What belongs here: how these records are kept in SQLite or PostgreSQL, what may be written, and
which step of a request may follow which. What does not: pages (`catalog.demand`), records that the
team writes as Markdown (`product.curated`), scores (`product.priorities`).
"""

from platform_assets.product.store.everything import Everything, Vote
from platform_assets.product.store.following import Submitted
from platform_assets.product.store.records import RecordStore
from platform_assets.product.store.refusals import Missing, Refused

__all__ = ["Everything", "Missing", "RecordStore", "Refused", "Submitted", "Vote"]
