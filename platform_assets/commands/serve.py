"""`platform-assets serve`: one part of the platform alone, for a container of its own."""

import click

from platform_assets.server.connection import Address
from platform_assets.server.home import DEFINITIONS_MODULE, Home

CODE = click.option(
    "--code",
    "address",
    default="127.0.0.1:4000",
    show_default=True,
    metavar="HOST:PORT",
    help="Where `platform-assets serve code` listens.",
)


@click.group()
def serve() -> None:
    """Serve one part of the platform alone: the definitions, the web pages, or the daemon.

    `platform-assets up` starts the three together; here each is a process of its own, for a
    container or a machine of its own. All of them need the same settings. Runs are executed by
    `platform-assets worker` where PLATFORM_QUEUE_URL is set, which is what parts on several
    machines need, and else by `serve code`.

    \b
    Examples:
      platform-assets serve code --host 0.0.0.0
      platform-assets serve web --host 0.0.0.0 --code code:4000
      platform-assets serve daemon --code code:4000

    Each logs to its standard output, and ends on SIGTERM.
    """


@serve.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=4000, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--definitions",
    default=DEFINITIONS_MODULE,
    show_default=True,
    help="Module with the definitions.",
)
def code(host: str, port: int, definitions: str) -> None:
    """Serve the definitions to the web server and the daemon.

    Whoever reaches the port can read the definitions and start runs: there is no login. Let only
    the other parts reach it.
    """
    Home.from_settings().enter()
    from platform_assets.server.code import serve as run

    run(Address(host=host, port=port), definitions)


@serve.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=3000, show_default=True, type=click.IntRange(1, 65535))
@CODE
def web(host: str, port: int, address: str) -> None:
    """Serve Dagster's pages, the catalog, reports, `/health` and `/ready`.

    There is no login: put it behind your own sign-on before others can reach it.
    """
    home, code_server = Home.from_settings(), Address.parse(address)
    home.enter()
    from platform_assets.server.web import serve as run

    run(home, host, port, code_server)


@serve.command()
@CODE
def daemon(address: str) -> None:
    """Run sensors, automation, freshness, the queue of runs and the watch over them.

    One at a time works on an instance; a second one stands by and takes over when it ends, however
    that ends.
    """
    home, code_server = Home.from_settings(), Address.parse(address)
    home.enter()
    from platform_assets.server.daemon import serve as run

    run(home, code_server)
