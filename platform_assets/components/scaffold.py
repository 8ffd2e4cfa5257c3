"""What `dg scaffold defs` writes: a commented `defs.yaml` to start from."""

from typing import Any

import dagster as dg

from platform_assets.reporting import starting

FILES = """\
# Files below the landing zone that together are one raw table: raw.{name}
type: platform_assets.components.FileSource

attributes:
  owner: team:data               # who answers for it: an e-mail address or team:<name>
  domain: web                    # the group it is shown in: web, marketing, commerce, …
  description: >-
    One row per …, from … on. Beware of …
  freshness: {{warn: 26h, fail: 50h}}   # how old the last load may become
  glob: "{name}/**/*.csv"        # below the landing zone; date=2026-01-01/ becomes a column
  format: {{type: csv}}            # ndjson, json, csv, parquet or access_log; gz, zst, bz2 are seen
  # What you declare is cast exactly, or quarantined; what you do not declare is loaded as text.
  # columns:
  #   - {{name: id, type: integer, required: true, description: "Number of the order."}}
  #   - {{name: email, personal: true, description: "Address of the customer."}}
  # natural_key: [id]            # what identifies a record across deliveries
  # event_time: created_at       # the time that "how fresh is the data" is measured by
  # new_columns: evolve          # or freeze (keep in _extra), or reject (quarantine)
  # even: false                  # files are of any size: a small one is no reason to warn
  # quarantine: {{warn_above: 0, error_above: 0.05}}   # shares of bad records
"""

DATABASE = """\
# Tables of an application database: raw.{name}__<table>
type: platform_assets.components.DatabaseSource

attributes:
  owner: team:data               # who answers for it: an e-mail address or team:<name>
  domain: commerce               # the group it is shown in: web, marketing, commerce, …
  description: The application database of …
  freshness: {{warn: 2h, fail: 26h}}    # how old the last load may become
  url: "{{{{ env.{upper}_URL }}}}"       # postgresql://reader:…@host/db, mysql+pymysql://…, sqlite:///…
  # quarantine: {{warn_above: 0, error_above: 0.05}}   # shares of bad records
  tables:
    - name: orders
      description: One row per order.
      cursor: updated_at         # read what is newer; without it, a full snapshot each time
      overlap: 10m               # look again this far behind the cursor, for late commits
      natural_key: [id]
      # event_time: created_at
      # columns:
      #   - {{name: total, type: "decimal(12,2)", description: "Total with tax, EUR."}}
"""


def _write(request: dg.ScaffoldRequest[Any], template: str) -> str:
    name = request.target_path.name
    request.target_path.mkdir(parents=True, exist_ok=True)
    text = template.format(name=name, upper=name.upper(), title=name.replace("_", " ").capitalize())
    (request.target_path / "defs.yaml").write_text(text)
    return name


class FileSourceScaffolder(dg.Scaffolder[Any]):
    """Writes the commented declaration of a file source."""

    def scaffold(self, request: dg.ScaffoldRequest[Any]) -> None:
        """Write `defs.yaml` into the new folder."""
        _write(request, FILES)


class DatabaseSourceScaffolder(dg.Scaffolder[Any]):
    """Writes the commented declaration of a database source."""

    def scaffold(self, request: dg.ScaffoldRequest[Any]) -> None:
        """Write `defs.yaml` into the new folder."""
        _write(request, DATABASE)


class ReportScaffolder(dg.Scaffolder[Any]):
    """Writes the declaration of a report and its first page."""

    def scaffold(self, request: dg.ScaffoldRequest[Any]) -> None:
        """Write `defs.yaml` and `report.md` into the new folder."""
        starting.write(request.target_path.parent, request.target_path.name)
