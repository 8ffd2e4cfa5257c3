"""What people use: page by page, told to the warehouse as a source like any other.

What belongs here: which requests count (`visits`), what is remembered of them until it lands
(`spool`, `recorder`), and whose they were (`people`). What does not: what follows from it, which is
SQL (`dbt/models/marts/usage`), and the counts that rank a search (`platform_assets.catalog.usage`).
"""
