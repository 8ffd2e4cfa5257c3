"""Whether a part of the platform lives, seen from another process of its machine.

What belongs here: what a container's probe asks every some seconds, so nothing that imports
Dagster. What does not: whether what the parts depend on answers (`readiness`). Each returns "" for
a part that lives, or the reason why it does not.
"""

import http.client
import socket
from datetime import UTC, datetime

from platform_assets.server.connection import Address
from resources.settings import Settings

PATIENCE_SECONDS = 3.0
# A daemon says that it lives every half minute; machines' clocks may differ by some minutes.
SILENCE_SECONDS = 300


def web(address: Address) -> str:
    """Return why the web server does not answer."""
    connection = http.client.HTTPConnection(address.host, address.port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", "/health")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"{address.host}:{address.port} does not answer: {error}"
    finally:
        connection.close()
    return "" if status == http.HTTPStatus.OK else f"/health answers with {status}"


def code(address: Address) -> str:
    """Return why the code server can't be reached."""
    try:
        with socket.create_connection((address.host, address.port), timeout=PATIENCE_SECONDS):
            return ""
    except OSError as error:
        return f"{address.host}:{address.port} does not answer: {error}"


def daemon(s: Settings) -> str:
    """Return why no daemon of the instance counts as alive."""
    import sqlalchemy

    url = s.dagster_url.get_secret_value() or f"sqlite:///{s.data}/dagster/history/runs.db"
    engine = sqlalchemy.create_engine(url)
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(sqlalchemy.text("SET TIME ZONE 'UTC'"))
            newest = connection.execute(
                sqlalchemy.text("SELECT max(timestamp) FROM daemon_heartbeats")
            ).scalar_one()
    except sqlalchemy.exc.SQLAlchemyError as error:
        return f"Dagster's database can't be read: {getattr(error, 'orig', None) or error}".strip()
    finally:
        engine.dispose()
    if newest is None:
        return "no daemon was ever heard of"
    return silence(datetime.fromisoformat(str(newest)).replace(tzinfo=UTC))


def silence(heard: datetime) -> str:
    """Return that a daemon was last heard of too long ago; "" when it was not."""
    seconds = (datetime.now(UTC) - heard).total_seconds()
    if seconds > SILENCE_SECONDS:
        return f"no daemon was heard of for {seconds / 60:.0f} minutes"
    return ""


def worker(s: Settings) -> str:
    """Return why no worker of this machine counts as alive."""
    import redis

    from platform_assets.server.workers import Workers

    url = s.queue_url.get_secret_value()
    if not url:
        return "PLATFORM_QUEUE_URL is not set: there are no workers"
    mine = f"platform@{socket.gethostname()}-"
    try:
        living = Workers(url, s.worker_lease).alive()
    except redis.RedisError as error:
        return f"the queue does not answer: {error}"
    if any(found.name.startswith(mine) for found in living):
        return ""
    return "no worker of this machine holds a lease"
