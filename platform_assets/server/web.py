"""Entry point of the web server: Dagster at `/`, the catalog, files of reports.

What belongs here: which application answers which path. What does not: the pages themselves.
"""

import asyncio
import contextlib
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import click

from platform_assets.server import guard
from platform_assets.server.connection import Address, wait_for_code_server
from platform_assets.server.home import Home
from platform_assets.server.processes import die_with_parent
from resources.settings import PROJECT_ROOT, Settings

SHUTDOWN_SECONDS = 2
PATIENCE_SECONDS = 20.0  # for a code server that nobody here supervises; pages say what is wrong
POLL_MILLISECONDS = 2000
READER_WAITS = 5.0  # seconds for an object store that is away


@click.command()
@click.option("--host", required=True)
@click.option("--port", required=True, type=int)
@click.option("--code", required=True, help="Address of the code server.")
@click.option("--workspace", required=True, help="Workspace file that points at it.")
@click.option("--failure", required=True, type=Path, help="File for why definitions do not load.")
def main(host: str, port: int, code: str, workspace: str, failure: Path) -> None:
    """Serve until the parent ends."""
    die_with_parent()
    guard.install_in_dagster()
    wait_for_code_server(Address.parse(code))
    _run(host, port, workspace, failure)


def serve(home: Home, host: str, port: int, code: Address) -> None:
    """Serve until this process is told to stop; also while the definitions do not load."""
    guard.install_in_dagster()
    # uvicorn ends its work at a SIGTERM and then raises it again, for whoever was there before it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    _describe_models()
    wait_for_code_server(code, PATIENCE_SECONDS)
    _run(host, port, str(home.write_workspace(code, "web")), None)


def _describe_models() -> None:
    """Have dbt write, meanwhile, what pages tell of models: the code server has its own folder."""
    subprocess.Popen(
        [sys.executable, "-m", "platform_assets.cli", "dbt", "--quiet", "parse"],
        cwd=PROJECT_ROOT,
        stdin=subprocess.DEVNULL,
        preexec_fn=die_with_parent,  # noqa: PLW1509 (this process has a single thread yet)
    )


def _run(host: str, port: int, workspace: str, failure: Path | None) -> None:
    import uvicorn
    from dagster import DagsterInstance
    from dagster._core.workspace.context import WorkspaceProcessContext
    from dagster._core.workspace.load_target import WorkspaceFileTarget
    from dagster_webserver.version import __version__

    with (
        DagsterInstance.get() as instance,
        WorkspaceProcessContext(
            instance, WorkspaceFileTarget([workspace]), version=__version__
        ) as context,
    ):
        instance.optimize_for_webserver(statement_timeout=15000, pool_recycle=3600, max_overflow=20)
        if failure is not None:
            _require_definitions(context, failure)
        uvicorn.run(
            application(context),
            host=host,
            port=port,
            log_level="warning",
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )


def application(context: Any) -> Any:
    """Return the ASGI application of the whole web server.

    Args:
        context: Dagster's `WorkspaceProcessContext`.
    """
    from dagster_webserver.webserver import DagsterWebserver
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.responses import RedirectResponse
    from starlette.routing import Mount, Route

    from platform_assets.catalog.catalog import Catalog
    from platform_assets.catalog.demand.joined import Joined
    from platform_assets.catalog.demand.records import Records
    from platform_assets.catalog.external import External, names_of_ours
    from platform_assets.catalog.usage import Usage
    from platform_assets.catalog.web import application as catalog_pages
    from platform_assets.lineage.openlineage.naming import Naming
    from platform_assets.lineage.openlineage.received.reading import Reader
    from platform_assets.lineage.openlineage.received.store import Store
    from platform_assets.product.store import RecordStore
    from platform_assets.reporting import archive
    from platform_assets.server import health_pages
    from platform_assets.server.live_reports import live_reports
    from platform_assets.server.readiness import Readiness, probes
    from platform_assets.server.report_files import report_files
    from platform_assets.server.usage import recorder as recorder_of
    from platform_assets.usage.recorder import Recording
    from resources.warehouse import Warehouse
    from resources.warehouse.sandbox import Sandbox

    home, reports = Home.from_settings(), archive.from_settings(patience=READER_WAITS)
    store = Store.from_settings()
    external = External(Reader(store), names_of_ours, Naming.from_settings().jobs)
    records = RecordStore.from_settings(home.settings)
    joined = Joined(Records(records))
    catalog = Catalog(context, home.data / "dbt" / "target", external, joined)
    usage = Usage(home.data / "catalog" / "usage.sqlite", counting=home.settings.usage)
    recorder = recorder_of(home.settings, catalog, context.instance)
    warehouse = Warehouse.from_settings()
    sandbox = Sandbox(warehouse)
    readiness = Readiness(probes(context, warehouse, home.settings))
    dagster = DagsterWebserver(context, live_data_poll_rate=POLL_MILLISECONDS).create_asgi_app()
    return Starlette(
        routes=[
            *health_pages.routes(readiness),
            Mount("/api/v1", app=received_lineage(store, home.settings)),
            Mount("/files/reports", app=report_files(reports)),
            Route("/catalog", lambda _request: RedirectResponse("/catalog/")),
            Route("/catalog/report/{name}/live", live_reports()),
            Mount("/catalog", app=catalog_pages(catalog, usage, sandbox, reports, records)),
            Mount("/", app=dagster),
        ],
        middleware=[Middleware(Recording, recorder)] if recorder else [],
        lifespan=_lifespan(catalog, usage, sandbox, recorder),
    )


def received_lineage(store: Any, s: Settings) -> Any:
    """Return the application that takes events of other producers, and tells of them."""
    from platform_assets.lineage.openlineage.received import web
    from platform_assets.server.headers import SafeHeaders

    key = s.lineage_key.get_secret_value()
    return SafeHeaders(web.application(store, key), policy="default-src 'none'")


def _lifespan(catalog: Any, usage: Any, sandbox: Any, recorder: Any) -> Any:
    """Return what is done around serving: the catalog is kept up, usage lands, all is closed."""
    from platform_assets.catalog import background

    @contextlib.asynccontextmanager
    async def lifespan(_app: Any) -> AsyncIterator[None]:
        stop = background.start(catalog, usage)
        if recorder:
            recorder.start()
        # uvicorn cancels the lifespan when a second signal arrives during its shutdown.
        with contextlib.suppress(asyncio.CancelledError):
            yield
        stop.set()
        if recorder:
            recorder.close()
        sandbox.close()

    return lifespan


def _require_definitions(context: Any, failure: Path) -> None:
    """End the process, the reason written to `failure`, when the definitions do not load."""
    from platform_assets.server.load_errors import load_error

    workspace = context.create_request_context()
    for name in workspace.code_location_names:
        entry = workspace.get_location_entry(name)
        if entry is not None and entry.load_error is not None:
            failure.write_text(str(load_error(entry.load_error)))
            raise SystemExit(f"The definitions of {name} do not load.")


if __name__ == "__main__":
    main()
