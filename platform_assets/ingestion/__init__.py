"""From files and database tables to `raw.<source>`, exactly once. Imports no Dagster."""
