"""An application database as a source: its URL, a connection to it, and errors worth reading.

What belongs here: reaching the database and explaining why that failed. What does not: SQL of a
dialect (`database_dialects`), what is read from it (`database`). The password is in the URL only:
no message shows it.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

import duckdb
import sqlalchemy
from sqlalchemy.pool import NullPool

from platform_assets.ingestion.declaration import DatabaseDeclaration
from resources.errors import PlatformError
from resources.settings import PROJECT_ROOT

CONNECT_SECONDS = 10
SQLITE_WAIT_SECONDS = 20
DRIVERS = {
    "postgres": "postgresql+psycopg2",
    "postgresql": "postgresql+psycopg2",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
_PLACEHOLDER = re.compile(r"\{\{.*?\}\}|\$\{(\w+)\}")
# What a driver says → what it means, and the way out.
_CAUSES: tuple[tuple[str, str, str], ...] = (
    (
        r"password authentication failed|access denied for user .*using password|no password",
        "the database refuses this user or password",
        "Correct the user or the secret with the password in `url`.",
    ),
    (
        r"access denied for user .* to database|permission denied|command denied|not authorized",
        "this user may not read it",
        "Grant the user SELECT on the table (and USAGE on its schema).",
    ),
    (
        r'database "?.*"? does not exist|unknown database',
        "there is no database of that name on the server",
        "Correct the database at the end of `url`.",
    ),
    (
        r"could not translate host name|name or service not known|getaddrinfo|nodename nor",
        "the host is not known",
        "Correct the host in `url`, or look at the network and its name server.",
    ),
    (
        (
            r"connection refused|can't connect|could not connect|timed? ?out|no route|unreachable|"
            r"connection reset|lost connection|server closed the connection|terminating connection"
        ),
        "the database does not answer",
        "Start the database, or correct host and port in `url`; what is loaded already stays.",
    ),
    (
        r"database is locked",
        "another program holds the file locked",
        "Wait for it to finish; a database in WAL mode can be read while it is written.",
    ),
    (
        r"out of memory",
        "the memory of one connection does not hold it",
        "Set PLATFORM_MEMORY_LIMIT higher.",
    ),
    (
        r"no space left|disk quota|disk is full",
        "the disk is full",
        "Make room in the data folder; what is loaded already stays.",
    ),
    (
        r"not a database|malformed|encrypted",
        "the file is no SQLite database, or a damaged one",
        "Look at the path in `url`; restore the file if it is the right one.",
    ),
)


@dataclass(frozen=True)
class Source:
    """A database that answers: its name in the declarations, its dialect, its engine."""

    name: str
    dialect: str  # sqlite | postgresql | mysql | mariadb | any other of SQLAlchemy
    url: sqlalchemy.URL = field(repr=False)
    engine: sqlalchemy.Engine = field(repr=False)


def safe_url(url: str) -> str:
    """Return `url` without its password: the only form that is ever shown."""
    try:
        return sqlalchemy.make_url(url).render_as_string(hide_password=True)
    except sqlalchemy.exc.ArgumentError:
        return re.sub(r":[^:@/]*@", ":***@", url)


def parse_url(declaration: DatabaseDeclaration) -> sqlalchemy.URL:
    """Return the URL of the database, with its driver, and for SQLite an absolute path.

    Raises:
        PlatformError: the URL is none, or a secret that it names is missing.
    """
    text = declaration.url.strip()
    missing = _PLACEHOLDER.search(text)
    if missing or text in ("", "None"):
        what = missing.group(0) if missing else "the environment variable of its url"
        raise PlatformError(
            f"Source {declaration.name!r}: the secret {what} is not set.",
            hint="Set it in the environment or in `.env`, and start again.",
        )
    try:
        url = sqlalchemy.make_url(text)
    except (sqlalchemy.exc.ArgumentError, ValueError):
        raise PlatformError(
            f"Source {declaration.name!r}: its url is no SQLAlchemy URL.",
            hint="Write postgresql://user:password@host/database, mysql://… or sqlite:///file; "
            "percent-encode special characters of the password.",
        ) from None
    for part in ("username", "password", "host", "database"):
        if getattr(url, part) == "None":
            raise PlatformError(
                f"Source {declaration.name!r}: the {part} in its url is empty: the environment "
                "variable that it names is not set.",
                hint="Set it in the environment or in `.env`, and start again.",
            )
    if url.get_backend_name() == "sqlite":
        return url.set(database=str(_sqlite_path(declaration.name, url)))
    return url.set(drivername=DRIVERS.get(url.drivername, url.drivername))


@contextmanager
def connected(declaration: DatabaseDeclaration) -> Iterator[Source]:
    """Yield the database, reached once to see that it answers.

    Raises:
        PlatformError: it can't be reached, and why.
    """
    url = parse_url(declaration)
    try:
        engine = _engine(url)
    except (sqlalchemy.exc.ArgumentError, ImportError) as error:
        raise PlatformError(
            f"Source {declaration.name!r}: no driver for {url.drivername!r}: {error}",
            hint="Use sqlite, postgresql or mysql, or install the driver of this dialect.",
        ) from None
    try:
        with explained(declaration.name, url), engine.connect():
            pass
        yield Source(declaration.name, url.get_backend_name(), url, engine)
    finally:
        engine.dispose()


@contextmanager
def explained(source: str, url: sqlalchemy.URL, table: str = "") -> Iterator[None]:
    """Turn a driver's error into one message that names source, table, cause and way out."""
    try:
        yield
    except (sqlalchemy.exc.SQLAlchemyError, duckdb.Error, sqlite3.Error) as error:
        told = str(getattr(error, "orig", None) or error)
        raise _explanation(source, url, table, _without_password(told, url)) from None


def _explanation(source: str, url: sqlalchemy.URL, table: str, told: str) -> PlatformError:
    where = f"Source {source!r}" + (f", table {table!r}" if table else "")
    place = url.set(password=None, query={}).render_as_string()
    first = next((line.strip() for line in told.splitlines() if line.strip()), "")[:300]
    for pattern, meaning, way_out in _CAUSES:
        if re.search(pattern, told, re.IGNORECASE):
            return PlatformError(f"{where}: {meaning} ({place}): {first}", hint=way_out)
    return PlatformError(
        f"{where}: loading from {place} failed: {first}",
        hint="Nothing of this load was kept; it is tried again as a whole.",
    )


def _without_password(text: str, url: sqlalchemy.URL) -> str:
    password = str(url.password or "")
    if not password:
        return text
    forms = {
        password,
        quote(password, safe=""),
        quote_plus(password),
        password.replace("'", "''"),
    }
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, "***")
    return text


def _sqlite_path(source: str, url: sqlalchemy.URL) -> Path:
    if not url.database or url.database == ":memory:":
        raise PlatformError(
            f"Source {source!r}: its url names no file.",
            hint="Write sqlite:///folder/file.sqlite (from the project) or sqlite:////absolute/path.",
        )
    path = Path(url.database)
    path = path if path.is_absolute() else PROJECT_ROOT / path
    if not path.is_file():
        raise PlatformError(
            f"Source {source!r}: there is no SQLite file {path}.",
            hint="Correct the path in `url`; a relative one is taken from the project's folder.",
        )
    return path


def _engine(url: sqlalchemy.URL) -> sqlalchemy.Engine:
    """Return an engine without a pool whose connections change nothing, all times in UTC."""
    backend = url.get_backend_name()
    if backend == "sqlite":
        return sqlalchemy.create_engine(
            "sqlite://", creator=lambda: _sqlite(url), poolclass=NullPool
        )
    arguments: dict[str, object] = {}
    if backend == "postgresql" and "connect_timeout" not in url.query:
        arguments["connect_timeout"] = CONNECT_SECONDS
    if backend in ("mysql", "mariadb"):
        arguments |= {
            "connect_timeout": CONNECT_SECONDS,
            "charset": "utf8mb4",
            "init_command": "SET time_zone = '+00:00'",
        }
    engine = sqlalchemy.create_engine(url, connect_args=arguments, poolclass=NullPool)
    if backend == "postgresql":
        return engine.execution_options(postgresql_readonly=True)
    return engine


def _sqlite(url: sqlalchemy.URL) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(url.database))}?mode=ro",
        uri=True,
        timeout=SQLITE_WAIT_SECONDS,
    )
    connection.text_factory = lambda raw: raw.decode("utf-8", errors="backslashreplace")
    return connection
