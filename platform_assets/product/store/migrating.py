"""How a database comes to have the tables of this release.

What belongs here: which of `versions` are run, and that an older release keeps off newer tables.
What does not: what each changes (`versions`), connections (`database`).
"""

from pathlib import Path

import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory

from resources.errors import PlatformError

VERSIONS = Path(__file__).parent / "versions"
VERSION_TABLE = "product_alembic_version"  # Dagster's own is in the same database


def pending(connection: sa.Connection, versions: Path = VERSIONS) -> list[Script]:
    """Return the changes that the database has not seen yet, the oldest first.

    Raises:
        PlatformError: a newer release has changed its tables.
    """
    directory, seen = _directory(versions), _context(connection).get_current_heads()
    every = list(directory.walk_revisions())
    if not {script.revision for script in every}.issuperset(seen):
        raise PlatformError(
            "The store of requests and feedback was changed by a newer release of the platform.",
            hint="Start that release, or name another database with PLATFORM_RECORDS_URL.",
        )
    return list(directory.iterate_revisions("heads", seen or "base"))[::-1]


def migrate(connection: sa.Connection, versions: Path = VERSIONS) -> None:
    """Run what is pending, inside the transaction of `connection`: all of it or nothing.

    Raises:
        PlatformError: a newer release has changed the tables.
    """
    context = _context(connection)
    for script in pending(connection, versions):
        # Not by `run_migrations`: for its time it replaces what Alembic's `op` means in all
        # threads, also in those where Dagster prepares its storages.
        script.module.upgrade(Operations(context))
        context.stamp(_directory(versions), script.revision)


def _context(connection: sa.Connection) -> MigrationContext:
    return MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})


def _directory(versions: Path) -> ScriptDirectory:
    return ScriptDirectory(str(versions.parent), version_locations=[str(versions)])
