"""What is known of every table before anything runs; reports and records are checked against it.

`python -m platform_assets.components.report_checks` is a part of `platform-assets check`. What
does not belong here: the checks themselves (`platform_assets.reporting`).
"""

import importlib
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from platform_assets import reporting
from platform_assets.components import product_checks
from platform_assets.product import curated
from platform_assets.reporting.declaration import declared
from platform_assets.reporting.exposures import FILE, sources_of, text
from resources.dbt import DbtProject
from resources.errors import PlatformError
from resources.settings import PROJECT_ROOT, settings

OWN = ("platform.", "product.")  # schemas whose tables have the columns that are declared


def tables(
    specs: Iterable[dg.AssetSpec], manifest: Mapping[str, Any]
) -> dict[str, tuple[str, ...]]:
    """Return every table that is an asset, as `schema.table`, with its columns.

    All columns are known of a dbt model whose contract is enforced, of the platform's own tables
    and those of records, and of a raw table whose source takes no new columns; of all others none
    are given.
    """
    contracted = {
        f"{node['schema']}.{node.get('alias') or node['name']}".lower()
        for node in manifest["nodes"].values()
        if ((node.get("config") or {}).get("contract") or {}).get("enforced")
    }
    found: dict[str, tuple[str, ...]] = {}
    for spec in specs:
        table = str(spec.metadata.get("dagster/table_name") or ".".join(spec.key.path))
        table = table.removeprefix("lake.").lower()
        schema = spec.metadata.get("dagster/column_schema")
        settled = table in contracted or table.startswith(OWN) or _takes_no_more(spec)
        known = settled and isinstance(schema, dg.TableSchema)
        found[table] = tuple(c.name for c in schema.columns) if known and schema else ()
    return found


def _takes_no_more(spec: dg.AssetSpec) -> bool:
    """Whether a raw table has exactly the columns that are declared."""
    declaration: Any = getattr(spec.metadata.get("source"), "data", None)
    if spec.tags.get("layer") != "raw" or not isinstance(declaration, Mapping):
        return False
    folders = str(declaration.get("glob", ""))  # `date=2026-01-01/` becomes a column
    named = "**" not in folders and "=" not in folders
    return declaration.get("new_columns", "evolve") != "evolve" and named


def folder() -> Path:
    """Return the folder of the declarations that the settings name."""
    return Path(next(iter(importlib.import_module(settings().defs_module).__path__)))


def problems(folder: Path, known: Mapping[str, tuple[str, ...]] | None = None) -> list[str]:
    """Return what is wrong with the reports below `folder`, each in words, with file and line.

    Without `known` only what can be told of a report by itself.
    """
    found = []
    for path in declared(folder):
        try:
            declaration = reporting.ReportDeclaration.load(path)
            if known is None:
                reporting.tables(declaration)
            else:
                reporting.check(declaration, known)
        except reporting.ReportError as error:
            found.append(str(error))
    return found


def exposures(manifest: Mapping[str, Any]) -> str:
    """Return dbt's exposures of all reports of the settings' package, as YAML."""
    reports = [reporting.ReportDeclaration.load(path) for path in declared(folder())]
    return text(reports, sources_of(manifest))


def _written(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


def faults(specs: Iterable[dg.AssetSpec]) -> list[str]:
    """Return what is wrong with the reports, and the SQL of records, of the settings' package.

    Args:
        specs: every asset there is.

    Raises:
        PlatformError: the dbt project does not parse.
    """
    known = tables(specs, DbtProject.from_settings().manifest())
    records = curated.read(curated.folder(), PROJECT_ROOT)
    return problems(folder(), known) + product_checks.problems(records, known)


def main() -> None:
    """Check all reports, and the SQL of records, of the settings' definitions; exit with faults."""
    unreadable = problems(folder())
    if unreadable:  # then the definitions do not load
        sys.exit("\n\n".join(unreadable))
    from platform_assets.definitions import defs

    found = faults(defs.resolve_all_asset_specs())
    project = DbtProject.from_settings()
    if not found and exposures(project.manifest()) != _written(project.folder / FILE):
        found = [f"{project.folder.name}/{FILE} is out of date: run `platform-assets exposures`."]
    if found:
        sys.exit("\n\n".join(found))


if __name__ == "__main__":
    try:
        main()
    except PlatformError as error:
        sys.exit(str(error))
