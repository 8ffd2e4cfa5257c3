"""Every report as a dbt exposure: what dbt's own documentation and lineage show of it.

What belongs here: the text of `dbt/models/exposures.yml`, which is written by
`platform-assets exposures` and committed; `platform-assets check` says when it is out of date.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from platform_assets import reporting
from platform_assets.reporting.declaration import ReportDeclaration

FILE = Path("models") / "exposures.yml"
HEAD = """\
# Every report as an exposure, so that dbt's documentation shows who reads what.
# Written by `platform-assets exposures`: change the report instead.
"""


def text(reports: Iterable[ReportDeclaration], sources: Mapping[str, str]) -> str:
    """Return the file's text.

    Args:
        reports: all of them.
        sources: dbt's source by table, `raw.web_events` → `source('raw', 'web_events')`; every
            other table is a model.

    Raises:
        ReportError: the SQL of a report is not understood.
    """
    found = [_exposure(report, sources) for report in sorted(reports, key=lambda one: one.name)]
    body = yaml.safe_dump(
        {"version": 2, "exposures": found}, sort_keys=False, allow_unicode=True, width=100
    )
    return HEAD + body


def _exposure(report: ReportDeclaration, sources: Mapping[str, str]) -> dict[str, Any]:
    tables = sorted(reporting.read(report))
    address = "@" in report.owner
    return {
        "name": report.name,
        "label": report.title,
        "type": "dashboard",
        "maturity": "high",
        "url": f"/files/reports/{report.name}/latest.html",
        "description": f"{report.description}\n\n{report.question}".strip(),
        "depends_on": [_node(table, sources) for table in tables],
        "owner": {"name": report.owner, **({"email": report.owner} if address else {})},
    }


def _node(table: str, sources: Mapping[str, str]) -> str:
    return sources.get(table, f"ref('{table.partition('.')[2]}')")


def sources_of(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return dbt's sources by table, as `text` wants them."""
    return {
        f"{node['schema']}.{node['identifier']}".lower(): (
            f"source('{node['source_name']}', '{node['name']}')"
        )
        for node in manifest["sources"].values()
    }
