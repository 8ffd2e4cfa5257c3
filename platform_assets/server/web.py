"""Entry point of the web server: Dagster at `/`, the catalog, files of reports.

What belongs here: which application answers which path. What does not: the pages themselves.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import click

from platform_assets.server.connection import wait_for_code_server
from platform_assets.server.processes import die_with_parent

SHUTDOWN_SECONDS = 2
POLL_MILLISECONDS = 2000


@click.command()
@click.option("--host", required=True)
@click.option("--port", required=True, type=int)
@click.option("--socket", required=True, help="Socket of the code server.")
@click.option("--workspace", required=True, help="Workspace file that points at it.")
@click.option("--failure", required=True, type=Path, help="File for why definitions do not load.")
def main(host: str, port: int, socket: str, workspace: str, failure: Path) -> None:
    """Serve until the parent ends."""
    die_with_parent()
    import uvicorn
    from dagster import DagsterInstance
    from dagster._core.workspace.context import WorkspaceProcessContext
    from dagster._core.workspace.load_target import WorkspaceFileTarget
    from dagster_webserver.version import __version__

    wait_for_code_server(socket)
    with (
        DagsterInstance.get() as instance,
        WorkspaceProcessContext(
            instance, WorkspaceFileTarget([workspace]), version=__version__
        ) as context,
    ):
        instance.optimize_for_webserver(statement_timeout=15000, pool_recycle=3600, max_overflow=20)
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
    from starlette.responses import RedirectResponse
    from starlette.routing import Mount, Route

    from platform_assets.catalog.catalog import Catalog
    from platform_assets.catalog.usage import Usage
    from platform_assets.catalog.web import application as catalog_pages
    from platform_assets.server.home import Home
    from platform_assets.server.live_reports import live_reports
    from platform_assets.server.report_files import report_files
    from resources.warehouse import Warehouse
    from resources.warehouse.sandbox import Sandbox

    home = Home.from_settings()
    catalog = Catalog(context, home.data / "dbt" / "target")
    usage = Usage(home.data / "catalog" / "usage.sqlite")
    sandbox = Sandbox(Warehouse.from_settings())
    dagster = DagsterWebserver(context, live_data_poll_rate=POLL_MILLISECONDS).create_asgi_app()
    return Starlette(
        routes=[
            Mount("/files/reports", app=report_files(home.reports)),
            Route("/catalog", lambda _request: RedirectResponse("/catalog/")),
            Route("/catalog/report/{name}/live", live_reports()),
            Mount("/catalog", app=catalog_pages(catalog, usage, sandbox, home.reports)),
            Mount("/", app=dagster),
        ],
        lifespan=_lifespan(catalog, usage, sandbox),
    )


def _lifespan(catalog: Any, usage: Any, sandbox: Any) -> Any:
    """Return what is done around serving: the catalog is kept up, the sandbox is closed."""
    from platform_assets.catalog import background

    @contextlib.asynccontextmanager
    async def lifespan(_app: Any) -> AsyncIterator[None]:
        stop = background.start(catalog, usage)
        # uvicorn cancels the lifespan when a second signal arrives during its shutdown.
        with contextlib.suppress(asyncio.CancelledError):
            yield
        stop.set()
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
