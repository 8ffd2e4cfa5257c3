"""The database that a migration ends in: how far it has come, and that nobody else is at it.

What belongs here: a marker in the database itself, so that a second attempt, from wherever, knows
what the first has done. What does not: what is copied (`catalog`, `files`).
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any, Literal

import sqlalchemy

from resources.errors import PlatformError

State = Literal["", "begun", "copied", "done"]
LOCK = 7_326_115  # first number of the advisory lock; the second is that of what is moved
_MARKER = """
CREATE TABLE IF NOT EXISTS platform_migration (
  what VARCHAR PRIMARY KEY, source VARCHAR NOT NULL, origin VARCHAR NOT NULL,
  state VARCHAR NOT NULL, changed_at TIMESTAMPTZ NOT NULL
)
"""
_SET = """
INSERT INTO platform_migration VALUES (%(what)s, %(source)s, %(origin)s, %(state)s, now())
ON CONFLICT (what) DO UPDATE
SET state = excluded.state, origin = excluded.origin, changed_at = excluded.changed_at
"""


class Target:
    """A database in PostgreSQL, and the marker of what is moved into it.

    Args:
        name: of the database, for people.
        connect: opens a connection that commits each statement.
        what: is moved: `lake`, `history`, `records` or `lineage`.
        source: identity of what is moved.
        origin: where that is, for people.
    """

    def __init__(
        self, name: str, connect: Callable[[], Any], what: str, source: str, origin: str
    ) -> None:
        self.name = name
        self.connect = connect
        self._told = {"what": what, "source": source, "origin": origin}

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other migration out of this database; its end frees it, however it comes.

        Raises:
            PlatformError: one is at it now.
        """
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            lock = [LOCK, self._told["what"]]
            cursor.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", lock)
            if not cursor.fetchone()[0]:
                raise PlatformError(
                    f"Something is being moved into {self.name} right now.",
                    hint="Wait until that has ended; then run the same command again.",
                )
            yield

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        """Yield a cursor whose statements are committed together, or not at all.

        Raises:
            PlatformError: the database went away, or refused.
        """
        import psycopg2

        with closing(self.connect()) as connection:
            connection.autocommit = False
            try:
                with connection, connection.cursor() as cursor:
                    yield cursor
            except psycopg2.errors.DuplicateTable:
                raise PlatformError(
                    f"Somebody has made tables in {self.name} meanwhile.",
                    hint="Stop whatever uses that database; then name an empty one.",
                ) from None
            except psycopg2.Error as error:
                told = (str(error).strip() or type(error).__name__).splitlines()[0]
                raise PlatformError(
                    f"Writing to {self.name} failed: {told}",
                    hint="Mend that and run the same command again: it goes on from there.",
                ) from error

    def state(self) -> State:
        """Return how far the migration has come; an empty text if it was never begun.

        Raises:
            PlatformError: something else was moved here, or begun to be.
        """
        with self.transaction() as cursor:
            cursor.execute("SELECT to_regclass('public.platform_migration') IS NOT NULL")
            if not cursor.fetchone()[0]:
                return ""
            cursor.execute(
                "SELECT source, origin, state FROM public.platform_migration WHERE what = %(what)s",
                self._told,
            )
            found = cursor.fetchone()
        if found is None:
            return ""
        source, origin, state = found
        if source != self._told["source"]:
            raise PlatformError(
                f"The {self._told['what']} of {origin} was moved to {self.name}, or begun to be.",
                hint="Name an empty database.",
            )
        known: State = state
        return known

    def begin(self) -> None:
        """Set the marker: from now on an attempt may go on here."""
        with self.transaction() as cursor:
            cursor.execute(_MARKER)
            self.set(cursor, "begun")

    def set(self, cursor: Any, state: State) -> None:
        """Set how far it has come, in the cursor's transaction."""
        cursor.execute(_SET, {**self._told, "state": state})

    def finish(self) -> None:
        """Set that all is done and checked."""
        with self.transaction() as cursor:
            self.set(cursor, "done")

    def has_table(self, name: str) -> bool:
        """Whether the database has a table of that name."""
        with self.transaction() as cursor:
            cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"public.{name}"])
            return bool(cursor.fetchone()[0])


def target_at(url: str, setting: str, what: str, source: str, origin: str) -> Target:
    """Return the database of a URL as a target; nothing is asked of it yet.

    Args:
        setting: that has the URL, for people.
        what, source, origin: see `Target`.

    Raises:
        PlatformError: it is none of PostgreSQL's.
    """
    try:
        parsed = sqlalchemy.make_url(url)
    except (sqlalchemy.exc.ArgumentError, ValueError):
        parsed = None
    if parsed is None or not parsed.drivername.startswith("postgresql") or not parsed.database:
        raise PlatformError(
            f"{setting} is no database of PostgreSQL.",
            hint="Write postgresql://<user>:<password>@<host>:<port>/<database>.",
        )
    name = f"{parsed.host}:{parsed.port or 5432}/{parsed.database}"
    return Target(name, lambda: _connect(parsed, name, setting), what, source, origin)


def _connect(url: sqlalchemy.URL, name: str, setting: str) -> Any:
    import psycopg2

    try:
        connection = psycopg2.connect(
            host=url.host,
            port=url.port or 5432,
            dbname=url.database,
            user=url.username,
            password=url.password,
            connect_timeout=10,
            application_name="platform-assets",
        )
    except psycopg2.Error as error:
        raise PlatformError(
            f"The database {name} can't be reached: {str(error).strip().splitlines()[0]}",
            hint=f"See that PostgreSQL runs, and {setting} has its address, user, password and "
            "database.",
        ) from None
    connection.autocommit = True
    return connection
