"""`platform-assets export`: the whole catalog as a folder that opens without a server."""

from pathlib import Path

import click

from resources.errors import PlatformError


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def export(folder: Path) -> None:
    """Write the catalog into FOLDER: pages that open from there, with search, and no server.

    What is in it: every asset with its description, columns, owner, health, lineage and SQL, the
    glossary, coverage, and the newest page of each report. What is not: rows of tables.

    \b
    Examples:
      platform-assets export catalog-2026-06
      platform-assets export /tmp/catalog && zip -r catalog.zip /tmp/catalog
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / "static" / "index.js").exists():
        raise PlatformError(
            f"The folder {folder} is not empty.", hint="Name a new one, or one of an older export."
        )
    count = _write(folder)
    click.echo(f"{count} pages in {folder}. Open {folder / 'index.html'}.")


def _write(folder: Path) -> int:
    """Read definitions, instance and artifacts, and write the pages; return their number."""
    from datetime import UTC, datetime

    import dagster as dg

    from platform_assets.catalog import glossary, tracing
    from platform_assets.catalog.catalog import View
    from platform_assets.catalog.columns import Columns
    from platform_assets.catalog.export import export as write
    from platform_assets.catalog.privacy import marked
    from platform_assets.catalog.usage import Usage
    from platform_assets.definitions import defs
    from platform_assets.inventory import collect
    from platform_assets.inventory.landed import Landed
    from platform_assets.inventory.status import Statuses
    from platform_assets.reporting import archive
    from platform_assets.server.home import Home
    from resources.settings import PROJECT_ROOT

    home = Home.from_settings()
    home.enter()
    target = home.data / "dbt" / "target"
    nodes = defs.resolve_asset_graph().asset_nodes
    manifest = collect.manifest(target / "manifest.json")
    columns = tracing.read(nodes, Columns())
    graph = marked(collect.graph(nodes, manifest, target / "compiled"), columns)
    now = datetime.now(UTC)
    terms = glossary.read(glossary.folder(), PROJECT_ROOT)
    with dg.DagsterInstance.get() as instance:
        statuses = Statuses(instance).read(graph)
        graph = Landed().join(graph, statuses)
        view = View(graph, statuses, now, known_at=now, glossary=terms, columns=columns)
        days = Usage(home.data / "catalog" / "usage.sqlite").coverage()
        return write(view, days, archive.from_settings(), folder)
