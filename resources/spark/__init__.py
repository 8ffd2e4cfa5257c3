"""The cluster seam: Spark computes on the platform's own lake, through Spark Connect.

The lake stays the only truth: which files make up a table is read from its catalog, and what Spark
wrote becomes part of it in one transaction of the lake. What belongs here: the session, lake tables
as Spark sees them, publication of what it built, the dbt adapter. What does not: reading landed
files (`platform_assets.ingestion`), the lake itself (`resources.warehouse`).
"""
