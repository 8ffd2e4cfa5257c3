"""`platform-assets preview`: a report in the browser while it is written."""

import socket
import threading
from pathlib import Path

import click


@click.command()
@click.argument("name")
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="Default: any that is free.")
def preview(name: str, port: int) -> None:
    """Show report NAME in the browser and make it anew at each save.

    The page is the one that a materialization makes, on the warehouse as it is. A mistake is told
    in its place, with file and line. Nothing is written. Ctrl-C ends it.

    \b
    Example:
      platform-assets preview weekly_business_review
    """
    from platform_assets.reporting import declaration, live

    serve(declaration.find(live.folder(), name), port)


def serve(folder: Path, port: int) -> None:
    """Serve the preview of the report in `folder` on 127.0.0.1 until it is interrupted.

    Raises:
        PlatformError: the port is taken.
    """
    import uvicorn

    from platform_assets.reporting.preview import Preview
    from platform_assets.reporting.preview_server import application
    from platform_assets.server.ports import require_free
    from resources.warehouse import Warehouse

    if port:
        require_free("127.0.0.1", port)
    showing = Preview(folder, Warehouse.from_settings())
    watching = threading.Thread(target=showing.watch, daemon=True)
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        click.echo(f"\n  {click.style(url, bold=True)}\n")
        click.echo(f"  showing  {folder / 'report.md'}\n\n  Ctrl-C ends it.\n")
        pages = application(showing)
        config = uvicorn.Config(pages, log_level="warning", timeout_graceful_shutdown=1)
        watching.start()
        try:
            uvicorn.Server(config).run(sockets=[listener])
        finally:
            showing.end()
