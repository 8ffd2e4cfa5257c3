"""The outside world: settings, warehouse, landing zone, dbt, notifier.

Dagster resources and the plain functions below them. Nothing here imports `platform_assets`.
"""
