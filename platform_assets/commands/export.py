"""`platform-assets export`: the whole catalog as a folder that opens without a server."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from resources.errors import PlatformError

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from platform_assets.catalog.attention import Listed
    from platform_assets.catalog.catalog import View
    from platform_assets.catalog.export_records import Demand
    from platform_assets.catalog.usage import Usage


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--no-records", is_flag=True, help="Leave out what people asked for and said.")
def export(folder: Path, no_records: bool) -> None:
    """Write the catalog into FOLDER: pages that open from there, with search, and no server.

    What is in it: every asset with its description, columns, owner, health, lineage and SQL, the
    glossary, coverage, what needs attention, and the newest page of each report; requests and
    feedback with who wrote them, requirements, objectives, decisions, roadmap, minutes, metrics,
    backlog and releases. What is not: rows of tables, and anything that changes something.

    \b
    Examples:
      platform-assets export catalog-2026-06
      platform-assets export /tmp/catalog --no-records && zip -r catalog.zip /tmp/catalog
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / "static" / "index.js").exists():
        raise PlatformError(
            f"The folder {folder} is not empty.", hint="Name a new one, or one of an older export."
        )
    count = _write(folder, not no_records)
    click.echo(f"{count} pages in {folder}. Open {folder / 'index.html'}.")


def _write(folder: Path, records: bool) -> int:
    """Read definitions, instance and artifacts, and write the pages; return their number."""
    import dagster as dg

    from platform_assets.catalog.export import export as write
    from platform_assets.catalog.usage import Usage
    from platform_assets.reporting import archive
    from platform_assets.server.home import Home

    home = Home.from_settings()
    home.enter()
    usage = Usage(home.data / "catalog" / "usage.sqlite")
    with dg.DagsterInstance.get() as instance:
        view = _view(home.data / "dbt" / "target", instance)
        demand = attention = None
        if records:
            view, demand, attention = with_records(view, instance, usage)
        days, reports = usage.coverage(), archive.from_settings()
        return write(view, days, reports, folder, demand, attention)


def _view(target: Path, instance: "DagsterInstance") -> "View":
    """Return the catalog as of now.

    Args:
        target: the folder of dbt's artifacts.
    """
    from datetime import UTC, datetime

    from platform_assets.catalog import glossary, tracing
    from platform_assets.catalog.catalog import View
    from platform_assets.catalog.columns import Columns
    from platform_assets.catalog.privacy import marked
    from platform_assets.definitions import defs
    from platform_assets.inventory import collect
    from platform_assets.inventory.landed import Landed
    from platform_assets.inventory.status import Statuses
    from resources.settings import PROJECT_ROOT

    nodes = defs.resolve_asset_graph().asset_nodes
    manifest = collect.manifest(target / "manifest.json")
    columns = tracing.read(nodes, Columns())
    graph = marked(collect.graph(nodes, manifest, target / "compiled"), columns)
    now = datetime.now(UTC)
    terms = glossary.read(glossary.folder(), PROJECT_ROOT)
    statuses = Statuses(instance).read(graph)
    graph = Landed().join(graph, statuses)
    return View(graph, statuses, now, known_at=now, glossary=terms, columns=columns)


def with_records(
    view: "View", instance: "DagsterInstance", usage: "Usage"
) -> "tuple[View, Demand, Listed]":
    """Return the catalog with records in its graph, the records, and what needs attention.

    Raises:
        PlatformError: the store of records is away.
    """
    from collections.abc import Sequence
    from dataclasses import dataclass, replace
    from typing import Any

    from platform_assets.catalog.attention import Attention
    from platform_assets.catalog.demand.joined import Joined
    from platform_assets.catalog.demand.objectives import Standings
    from platform_assets.catalog.demand.records import Records
    from platform_assets.catalog.export_records import Demand
    from platform_assets.product.measured import Measured
    from platform_assets.product.store import RecordStore
    from resources.warehouse import Warehouse
    from resources.warehouse.sandbox import Sandbox

    @dataclass(frozen=True)
    class Here:
        instance: "DagsterInstance"

    store = RecordStore.from_settings()
    store.changes()  # one that is away is an error here, and not a catalog without requests
    records = Records(store)
    view = replace(view, graph=Joined(records).join(view.graph))
    sandbox = Sandbox(Warehouse.from_settings())

    def read(sql: str) -> Sequence[Sequence[Any]]:
        return sandbox.run(sql).rows

    try:
        measured = Measured(read)
        listed = Attention(Here(instance), usage, read, records, measured).of(view)
        try:
            measurements, trouble = measured.all(), ""
        except PlatformError as error:
            measurements, trouble = {}, str(error)
        standings = Standings(view, records.now(), measurements)
        return view, Demand.of(store, standings, trouble, usage.looks()), listed
    finally:
        sandbox.close()
        store.close()
