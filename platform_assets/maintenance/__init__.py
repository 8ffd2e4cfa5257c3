"""Keeping Dagster's own storage small: old runs, their events, and the disk that they took.

What does not belong here: the lake's upkeep (`resources.warehouse`: `compaction`, `expiry`,
`orphans`), and how either becomes an asset (`platform_assets.components.maintenance`).
"""
