"""`platform-assets migrate`: an embedded lake becomes a team's."""

from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import click

from resources.errors import PlatformError
from resources.settings import Settings, settings

if TYPE_CHECKING:
    from rich.console import Console

    from platform_assets.server.migration_plan import Moved, Plan
    from platform_assets.server.stores import Way


@click.command()
@click.option("--to", default="", help="The team's warehouse, without a password; see below.")
@click.option("--reports", default="", help="Place for versions of reports; without it they stay.")
@click.option("--dry-run", is_flag=True, help="Say what would be moved, and change nothing.")
def migrate(to: str, reports: str, dry_run: bool) -> None:
    """Move the embedded lake, with all of its snapshots, to a team's. The source stays as it is.

    The target is a URL as PLATFORM_WAREHOUSE_URL has it for a team: an empty database, and a place
    for files that holds none. It stands in PLATFORM_MIGRATE_TO (in the environment or `.env`), or
    after --to without its password: others can read arguments. The password is then that of
    PGPASSWORD or of ~/.pgpass. Dagster's history goes to PLATFORM_MIGRATE_HISTORY_TO, if set; and
    there too requests and feedback, and events of other platforms, unless
    PLATFORM_MIGRATE_RECORDS_TO and PLATFORM_MIGRATE_LINEAGE_TO name other databases.

    It can be interrupted at any moment: the same command goes on. Files are copied while the
    platform works; for the rest it must stand still, and you are told when.

    \b
    Examples:
      platform-assets migrate --dry-run
      platform-assets migrate --reports s3://company-lake/reports
    """
    from rich.console import Console

    from platform_assets.server.migration import Migration

    console = Console()
    plan = _plan(settings(), to, reports)
    with Display(console) as show:
        migration = Migration(plan, show)
        moved = migration.plan() if dry_run else migration.run()
    _report(console, moved, plan, dry_run)


def _plan(s: Settings, to: str, reports: str) -> "Plan":
    from pathlib import Path

    from platform_assets.reporting import archive
    from platform_assets.reporting.folder_archive import FolderArchive
    from platform_assets.server.history import History
    from platform_assets.server.home import Home
    from platform_assets.server.migration_plan import Plan
    from resources.warehouse import Warehouse
    from resources.warehouse.migration.compare import warehouse_at

    lake, home = Warehouse.from_settings(), Home.from_settings(s)
    kept = archive.from_settings()
    target = archive.archive_at(reports or kept.place)
    moves = isinstance(kept, FolderArchive) and target.place != kept.place
    return Plan(
        lake=lake,
        to=warehouse_at(_target(s, to), lake),
        reports=kept if isinstance(kept, FolderArchive) else FolderArchive(Path(kept.place)),
        reports_to=target if moves else None,
        history=History(home.dagster),
        history_to=s.migrate_history_to.get_secret_value(),
        stores=_stores(s),
        running=home.run / "up.lock",
    )


def _stores(s: Settings) -> "list[Way]":
    from platform_assets.server.stores import LINEAGE, RECORDS, Way

    history = s.migrate_history_to.get_secret_value()
    named = (
        (RECORDS, s.records, s.migrate_records_to.get_secret_value()),
        (LINEAGE, s.lineage, s.migrate_lineage_to.get_secret_value()),
    )
    return [Way(store, source, to or history, not to) for store, source, to in named]


def _target(s: Settings, to: str) -> str:
    import sqlalchemy

    if not to:
        found = s.migrate_to.get_secret_value()
        if found:
            return found
        raise PlatformError(
            "There is no target.",
            hint="Set PLATFORM_MIGRATE_TO to ducklake+postgresql://<user>:<password>@<host>/"
            "<database>?files=s3://<bucket>/<prefix>, or name it without a password after --to.",
        )
    try:
        password = sqlalchemy.make_url(to).password
    except (sqlalchemy.exc.ArgumentError, ValueError):
        password = None  # the warehouse says what is wrong with it
    if password:
        raise PlatformError(
            "A password does not belong into an argument: others on this machine can read it.",
            hint="Set PLATFORM_MIGRATE_TO to that URL; or leave the password out, and set "
            "PGPASSWORD.",
        )
    return to


class Display:
    """Progress: a bar on a terminal, elsewhere a line for each step."""

    def __init__(self, console: "Console") -> None:
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (
            TextColumn("[bold]{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[at]}"),
        )
        self._console = console
        self._progress = Progress(*columns, console=console, disable=not console.is_terminal)
        self._task: Any = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def begin(self, doing: str, total: int = 0) -> None:
        """Begin a step."""
        if self._task is not None:
            self._progress.update(self._task, at="")
            self._progress.stop_task(self._task)
        self._task = self._progress.add_task(doing, total=total or None, at="")
        if not self._console.is_terminal:
            self._console.print(f"{doing} …")

    def more(self, done: int) -> None:
        """Some bytes of the step are done."""
        self._progress.advance(self._task, done)

    def at(self, what: str) -> None:
        """The step has come to a table."""
        self._progress.update(self._task, at=what)


def _report(console: "Console", moved: "Moved", plan: "Plan", dry_run: bool) -> None:
    if moved.state == "done" and not moved.tables:
        console.print(f"The lake was moved to {plan.to.place.name} already.")
        if moved.reports.new or moved.history or moved.stores:
            console.print(_table(moved))
    else:
        console.print(_table(moved))
        if dry_run:
            console.print("Nothing was changed.")
            return
        console.print("[bold green]Every row of every table is the same in both lakes.[/]\n")
    console.print("Set this, on every machine, and start the platform again:\n")
    for line in _settings(plan, moved):
        console.print(f"  {line}", soft_wrap=True, highlight=False, markup=False)
    console.print("\nNot moved, because it is this machine's own:")
    for line in _stays(plan, moved):
        console.print(f"  {line}", soft_wrap=True, highlight=False, markup=False)


def _table(moved: "Moved") -> Any:
    from rich.filesize import decimal
    from rich.table import Table

    table = Table(header_style="bold", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_column()
    files, reports, lake = moved.files, moved.reports, moved.lake
    if moved.tables:
        table.add_row("tables", f"{len(moved.tables):,}", "")
        table.add_row("views", f"{moved.views:,}", "")
        table.add_row("rows", f"{sum(moved.tables.values()):,}", "")
        table.add_row("ledger entries", f"{moved.tables.get('platform.ledger', 0):,}", "")
    if files.files:
        table.add_row("snapshots", f"{lake.snapshots:,}", f"up to {lake.snapshot}")
        table.add_row("files", f"{files.files:,}", decimal(files.bytes))
    if reports.versions:
        told = f"{reports.files:,} files, {decimal(reports.bytes)}"
        table.add_row("report versions", f"{reports.versions:,}", told)
    if moved.catalog:
        table.add_row("rows of the catalog", f"{sum(moved.catalog.values()):,}", "")
    if moved.history:
        events = f"{moved.history.get('event_logs', 0):,} events"
        table.add_row("runs in Dagster", f"{moved.history.get('runs', 0):,}", events)
    if kept := moved.stores.get("records"):
        told = f"{kept['product_feedback']:,} of feedback, {kept['product_comments']:,} comments"
        table.add_row("requests", f"{kept['product_requests']:,}", told)
        table.add_row("edits of them", f"{kept['product_history']:,}", "")
    if kept := moved.stores.get("lineage"):
        told = f"{kept['lineage_jobs']:,} jobs, {kept['lineage_datasets']:,} datasets"
        table.add_row("events of other platforms", f"{kept['lineage_events']:,}", told)
    return table


def _settings(plan: "Plan", moved: "Moved") -> list[str]:
    found = [f"PLATFORM_WAREHOUSE_URL={_hidden(plan.to.url)}"]
    if plan.reports_to is not None:
        found.append(f"PLATFORM_REPORTS_URL={plan.reports_to.place}")
    if plan.history_to and not moved.history_stays:
        found.append(f"PLATFORM_DAGSTER_URL={_hidden(plan.history_to)}")
    for way in plan.stores:
        stays = way.store.title in moved.stores_stay or (way.follows and moved.history_stays)
        if way.here and way.to and not stays:
            found.append(f"{way.store.setting}={_hidden(way.to)}")
    return found


def _hidden(url: str) -> str:
    """Return a URL without its password."""
    from urllib.parse import unquote

    import sqlalchemy

    return unquote(sqlalchemy.make_url(url).render_as_string(hide_password=True))


def _stays(plan: "Plan", moved: "Moved") -> list[str]:
    found = []
    if moved.history_stays:
        found.append(
            "Dagster's runs and events, and the key by which a reader is the same one tomorrow: "
            + moved.history_stays
        )
    found += [f"{title}, {why}" for title, why in moved.stores_stay.items()]
    if plan.reports_to is None:
        found.append(f"versions of reports, in {plan.reports.place}: name a place with --reports")
    if "://" not in settings().landing:
        found.append(f"the landing zone, {settings().landing}: see PLATFORM_LANDING_URL")
    found.append("what steps have printed, what people have searched for, and all other logs")
    return found
