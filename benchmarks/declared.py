"""The sources and the report as the platform declares them, read straight from their YAML.

What belongs here: what contenders need to load and render the same things. What does not: Dagster.
"""

from pathlib import Path
from typing import Any

import yaml

from benchmarks.measure import ROOT
from platform_assets.ingestion.declaration import DatabaseDeclaration, FileDeclaration
from platform_assets.reporting import ReportDeclaration

DEFS = ROOT / "platform_assets" / "defs"
REPORT = "weekly_business_review"


def file_source(name: str) -> FileDeclaration:
    """Return the declaration of a file source."""
    known = _fields(DEFS / "sources" / name, FileDeclaration)
    return FileDeclaration(**{**known, "name": name})


def file_sources() -> list[FileDeclaration]:
    """Return the declarations of all file sources."""
    folders = sorted(path.parent for path in DEFS.glob("sources/*/defs.yaml"))
    return [file_source(f.name) for f in folders if "glob" in _attributes(f)]


def shop(sample: Path) -> DatabaseDeclaration:
    """Return the declaration of the shop's database, which lies in the folder `sample`."""
    known = _fields(DEFS / "sources" / "shop", DatabaseDeclaration)
    url = f"sqlite:///{sample}/shop.sqlite"
    return DatabaseDeclaration(**{**known, "name": "shop", "url": url})


def report() -> ReportDeclaration:
    """Return the declaration of the report."""
    folder = DEFS / "reports" / REPORT
    known = _fields(folder, ReportDeclaration)
    return ReportDeclaration(**{**known, "name": REPORT, "document": folder / "report.md"})


def _attributes(folder: Path) -> dict[str, Any]:
    attributes: dict[str, Any] = yaml.safe_load((folder / "defs.yaml").read_text())["attributes"]
    return attributes


def _fields(folder: Path, model: Any) -> dict[str, Any]:
    return {k: v for k, v in _attributes(folder).items() if k in model.model_fields}
