"""How a database comes to have the tables of this release, and what keeps off newer ones."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from platform_assets.product.store import RecordStore, migrating
from platform_assets.product.store.tables import METADATA, Moment
from resources.errors import PlatformError
from tests.product import store_processes
from tests.servers import postgresql

NEXT = '''
"""Say how loud a request is, from 1 on."""
import sqlalchemy as sa

revision = "9999"
down_revision = "{last}"


def upgrade(op):
    op.add_column("product_requests", sa.Column("loud", sa.Integer, server_default="1"))
    op.execute("UPDATE product_requests SET loud = 2 WHERE state = 'new'")
{more}
'''


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    sqlite = f"sqlite:///{tmp_path}/records.sqlite"
    return sqlite if request.param == "sqlite" else postgresql().new_database()


@pytest.fixture
def engine(url: str) -> Iterator[sa.Engine]:
    found = sa.create_engine(url)
    yield found
    found.dispose()


def newer_release(folder: Path, more: str = "") -> Path:
    """Return versions that go one step further than those of this release."""
    newer = folder / "newer" / "versions"
    shutil.copytree(migrating.VERSIONS, newer, ignore=shutil.ignore_patterns("__pycache__"))
    (last,) = migrating._directory(newer).get_heads()
    (newer / "v9999_louder.py").write_text(NEXT.format(last=last, more=more))
    return newer


def opened(url: str, versions: Path, monkeypatch: pytest.MonkeyPatch) -> RecordStore:
    """Return a store as a release that has these versions opens it."""
    for function in (migrating.pending, migrating.migrate):
        monkeypatch.setattr(function, "__defaults__", (versions,))
    return RecordStore(url)


def test_the_tables_are_those_that_the_code_knows(url: str, engine: sa.Engine) -> None:
    store = RecordStore(url)
    store.changes()
    store.close()

    def known(thing: object, name: str | None, kind: str, *_: object) -> bool:
        return kind != "table" or name != migrating.VERSION_TABLE

    def types(_c: object, _i: object, _m: object, found: object, meant: object) -> bool | None:
        return not isinstance(found, sa.BigInteger) if isinstance(meant, Moment) else None

    options = {"include_object": known, "compare_type": types}
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, METADATA) == []


def test_a_store_of_this_release_becomes_one_of_the_next(
    url: str, engine: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = RecordStore(url)
    old.submit_request("ann", title="Revenue")
    old.submit_request("bo", title="Orders")
    old.decline(2, "po", "no")
    kept = old.everything()
    old.close()
    new = opened(url, newer_release(tmp_path), monkeypatch)
    assert new.everything() == kept
    assert new.submit_request("cy", title="Stock").number == 3
    new.close()
    with engine.connect() as connection:
        loud = sa.text("SELECT loud FROM product_requests ORDER BY number")
        assert list(connection.scalars(loud)) == [2, 1, 1]


def test_an_older_release_keeps_off_what_a_newer_one_made(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as newer:
        store = opened(url, newer_release(tmp_path), newer)
        store.submit_request("ann", title="Revenue")
        store.close()
    with pytest.raises(PlatformError, match="newer release") as caught:
        RecordStore(url).submit_request("bo", title="Orders")
    assert "PLATFORM_RECORDS_URL" in caught.value.hint


def test_a_step_that_fails_leaves_the_tables_as_they_were(
    url: str, engine: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = RecordStore(url)
    store.submit_request("ann", title="Revenue")
    with monkeypatch.context() as newer:
        broken = newer_release(tmp_path, more='    op.execute("UPDATE product_nothing SET x = 1")')
        with pytest.raises(PlatformError, match="can't be used"):
            opened(url, broken, newer).changes()
    assert "loud" not in {c["name"] for c in sa.inspect(engine).get_columns("product_requests")}
    assert store.submit_request("bo", title="Orders").number == 2
    store.close()


def test_many_may_open_a_new_database_at_once(url: str) -> None:
    stores = [RecordStore(url) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda store: store.changes(), stores)) == [0] * 8
    for store in stores:
        store.close()


def test_dagsters_tables_in_the_same_database_are_left_alone(url: str, engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        connection.execute(sa.text("INSERT INTO alembic_version VALUES ('of dagster')"))
    store = RecordStore(url)
    store.submit_request("ann", title="Revenue")
    store.close()
    with engine.connect() as connection:
        found = connection.scalars(sa.text("SELECT version_num FROM alembic_version"))
        assert list(found) == ["of dagster"]


def test_dying_within_a_migration_leaves_a_database_that_opens(tmp_path: Path) -> None:
    process = store_processes.start("die_migrating", f"sqlite:///{tmp_path}/#.sqlite", 40)
    told = process.communicate(timeout=60)[0].split()
    assert process.returncode == 0 and 0 < len(told) < 6, "most died"
    files = sorted(tmp_path.glob("*.sqlite"))
    assert len(files) == 13
    for file in files:
        store = RecordStore(f"sqlite:///{file}")
        assert store.changes() == 0 and store.everything().requests == ()
        store.close()
