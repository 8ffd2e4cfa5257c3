"""`platform-assets health`: whether a part of the platform lives, for a container's probe."""

import click

from platform_assets.server.connection import Address
from resources.settings import settings

PORTS = {"web": "127.0.0.1:3000", "code": "127.0.0.1:4000"}


@click.command()
@click.argument("part", type=click.Choice(["web", "code", "daemon", "worker"]))
@click.option(
    "--address",
    metavar="HOST:PORT",
    help="Where `web` (default: 127.0.0.1:3000) or `code` (default: 127.0.0.1:4000) listens.",
)
def health(part: str, address: str | None) -> None:
    """Say whether PART of the platform lives: web, code, daemon or worker of this machine.

    \b
      web     answers on /health
      code    listens on its port
      daemon  a daemon of this instance was heard of in the last five minutes
      worker  a worker of this machine holds a lease

    Reads the same settings as the part itself, imports little, and answers within some seconds.
    What the parts depend on (databases, object store) is asked on the web server's /ready.

    Exits with 0 when it lives, with 1 and the reason when it does not.
    """
    from platform_assets.server import vital_signs

    where = Address.parse(address or PORTS.get(part, "127.0.0.1:1"))
    reason = {
        "web": lambda: vital_signs.web(where),
        "code": lambda: vital_signs.code(where),
        "daemon": lambda: vital_signs.daemon(settings()),
        "worker": lambda: vital_signs.worker(settings()),
    }[part]()
    click.echo(reason or "alive")
    if reason:
        raise click.exceptions.Exit(1)
