"""Lakes for tests: the embedded one, and a team's on a real PostgreSQL and a real S3 server.

What belongs here: a new empty lake of each kind, and the settings that reach it. What does not:
starting servers (`servers`, `object_store`).
"""

from pathlib import Path

import sqlalchemy

from tests.object_store import object_store
from tests.servers import postgresql

KINDS = ("embedded", "team")


def new_lake(kind: str, folder: Path) -> dict[str, str]:
    """Return the settings of a new, empty lake.

    Args:
        kind: `embedded`; `team`, with its files in an object store; or `shared`, with them in a
            folder.
        folder: where an embedded lake, and the files of a shared one, are to be.
    """
    if kind == "embedded":
        return {"PLATFORM_WAREHOUSE_URL": f"ducklake:///{folder}/lake"}
    if kind == "shared":
        return {"PLATFORM_WAREHOUSE_URL": team_url(postgresql().new_database(), f"{folder}/lake")}
    store = object_store()
    url = team_url(postgresql().new_database(), f"{store.new_bucket()}/lake")
    return {"PLATFORM_WAREHOUSE_URL": url, **store.environment()}


def team_url(database: str, files: str) -> str:
    """Return the warehouse's URL of a team's lake in a database."""
    url = sqlalchemy.make_url(database).set(
        drivername="ducklake+postgresql", query={"files": files}
    )
    return url.render_as_string(hide_password=False)
