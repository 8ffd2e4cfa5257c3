"""Records and received events move to PostgreSQL: each row once, whatever ends it on the way."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from platform_assets.lineage.openlineage.received import tables as received
from platform_assets.product.store import RecordStore
from platform_assets.sample.demand import records
from platform_assets.server.stores import LINEAGE, RECORDS, Move, Store, Way, chosen
from resources.errors import PlatformError
from resources.settings import PROJECT_ROOT
from tests.lineage import producers, receiving
from tests.server.old_platform import query
from tests.servers import postgresql

# Dies of SIGKILL while the rows of a table flow into PostgreSQL.
DYING = """
import os, signal, sys
from pathlib import Path
from platform_assets.server.stores import Move, RECORDS, Way
from resources.warehouse.migration import rows

def dies(found, name, after):
    for number, row in enumerate(found):
        if name.endswith("product_history") and number == after:
            os.kill(os.getpid(), signal.SIGKILL)
        yield row

copy = rows.copy
rows.copy = lambda cursor, table, columns, kinds, found: copy(
    cursor, table, columns, kinds, dies(found, table, int(sys.argv[3])))
source, to = sys.argv[1:3]
Move(Way(RECORDS, f"sqlite:///{source}", to, False), Path(source), "lake").run(print)
"""


def move(store: Store, file: Path, to: str, identity: str = "lake") -> Move:
    return Move(Way(store, f"sqlite:///{file}", to, False), file, identity)


def run(store: Store, file: Path, to: str) -> dict[str, int]:
    moved = move(store, file, to)
    before = moved.counts()
    steps: list[str] = []
    assert moved.run(steps.append) == before and steps == list(store.tables)
    return before


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """The file of the sample company's records, with a snooze, and a vote that was taken back."""
    file = tmp_path / "records.sqlite"
    with closing(RecordStore(f"sqlite:///{file}")) as store:
        store.seed(records(date(2026, 6, 1)))
        store.snooze(
            "stale:raw/x", "Zoë", until=datetime.now(UTC) + timedelta(days=3), reason="\\N"
        )
        open_one = next(request for request in store.requests() if request.state == "new")
        store.vote(open_one.number, "Taxi\tdriver 🚕")
        store.unvote(open_one.number, "Taxi\tdriver 🚕")
        store.estimate(open_one.number, "Nora", reach=0.1, impact=3)
    return file


def everything(url: str) -> Any:
    with closing(RecordStore(url)) as store:
        return store.changes(), store.everything()


def test_records_keep_numbers_times_and_every_edit_and_go_on(kept: Path) -> None:
    url = postgresql().new_database()
    before = everything(f"sqlite:///{kept}")
    counts = run(RECORDS, kept, url)
    assert counts["product_history"] > 300 and counts["product_snoozes"] == 1
    assert everything(url) == before
    with closing(RecordStore(url)) as store:
        made = store.submit_request("Ada", title="One more")
        assert made.number == counts["product_requests"] + 1
        assert [change.field for change in store.history(made.name)] == ["title", "asker", "state"]
        assert store.changes() == before[0] + 1
    engine = sa.create_engine(url)
    for statement in ("DELETE FROM product_history", "UPDATE product_history SET who = ''"):
        with pytest.raises(sa.exc.DBAPIError, match="never changed"), engine.begin() as connection:
            connection.execute(sa.text(statement))
    engine.dispose()


def test_a_death_in_the_middle_leaves_nothing_and_what_came_since_is_moved_too(kept: Path) -> None:
    url = postgresql().new_database()
    command = [sys.executable, "-c", DYING, str(kept), url, "150"]
    done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, check=False)
    assert done.returncode == -9, done.stderr.decode()
    assert done.stdout.decode().splitlines()[-1] == "product_history"
    with closing(RecordStore(url)) as store:
        assert store.everything() == type(store.everything())()
    counts = run(RECORDS, kept, url)
    assert move(RECORDS, kept, url).state() == "copied"
    with closing(RecordStore(f"sqlite:///{kept}")) as store:  # the old platform goes on meanwhile
        first = store.requests()[-1]
        store.comment(first.name, "Ada", "Since then")
        store.wake("stale:raw/x", "Zoë")
    again = run(RECORDS, kept, url)
    assert again["product_history"] > counts["product_history"]
    assert again["product_snoozes"] == 0
    assert everything(url) == everything(f"sqlite:///{kept}")


def test_what_others_keep_in_the_target_is_neither_mixed_nor_thrown_away(kept: Path) -> None:
    url = postgresql().new_database()
    with closing(RecordStore(url)) as theirs:
        theirs.changes()  # tables without a row are no hindrance
        move(RECORDS, kept, url).require_free()
        theirs.submit_request("Eve", title="Ours")
        held = theirs.everything()
        for act in (Move.require_free, lambda m: m.run(lambda _: None)):
            with pytest.raises(PlatformError, match=r"requests and feedback in .* already"):
                act(move(RECORDS, kept, url))
        assert theirs.everything() == held
    url = postgresql().new_database()
    run(RECORDS, kept, url)
    with closing(RecordStore(url)) as copy, closing(RecordStore(f"sqlite:///{kept}")) as old:
        copy.submit_request("Eve", title="Written to the copy")
        old.submit_request("Ada", title="Written to the source")
        held = copy.everything()
        with pytest.raises(PlatformError, match="somebody has written there since"):
            move(RECORDS, kept, url).run(lambda _: None)
        assert copy.everything() == held
    with pytest.raises(PlatformError, match="was moved to"):
        move(RECORDS, kept, url, "another lake").require_free()


def test_records_of_another_release_are_left_alone(kept: Path) -> None:
    url = postgresql().new_database()
    engine = sa.create_engine(f"sqlite:///{kept}")
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE product_alembic_version SET version_num = '0000'"))
    engine.dispose()
    with pytest.raises(PlatformError, match="another release"):
        move(RECORDS, kept, url).run(lambda _: None)
    assert everything(url)[0] == 0


def lineage_of(engine: sa.Engine) -> dict[str, Any]:
    with engine.begin() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(sa.select(table))), key=repr)
            for table in received.METADATA.sorted_tables
        }


def test_received_events_keep_their_numbers_and_more_can_come(tmp_path: Path) -> None:
    url = postgresql().new_database()
    with closing(receiving.store_in(tmp_path)) as store:
        told = producers.everybody()
        told[0]["producer"] += "/a\0b"
        receiving.put(store, told)
        file = tmp_path / "lineage" / "received.sqlite"
        counts = run(LINEAGE, file, url)
        assert counts["lineage_events"] > 10 and counts["lineage_links"] > 5
        receiving.put(store, [producers.run_event("START", producers.run_id(), "late")])
        run(LINEAGE, file, url)
        before = lineage_of(store.engine)
    to = receiving.Store(url)
    found = lineage_of(to.engine)
    for name in ("lineage_jobs", "lineage_datasets"):  # what PostgreSQL can't keep is marked
        before[name] = [tuple(_marked(v) for v in row) for row in before[name]]
    assert found == before
    assert receiving.put(to, [producers.run_event("START", producers.run_id(), "next")]) == 1
    newest = query(url, "SELECT max(id) FROM lineage_events")
    assert newest == [(max(row[0] for row in before["lineage_events"]) + 1,)]
    to.close()
    with pytest.raises(PlatformError, match="somebody has written there since"):
        move(LINEAGE, file, url).run(lambda _: None)


def _marked(value: Any) -> Any:
    return value.replace("\0", "\ufffd") if isinstance(value, str) else value


def test_what_moves_and_what_stays_follows_dagsters_history(kept: Path, tmp_path: Path) -> None:
    here, to = f"sqlite:///{kept}", "postgresql://u@h/d"
    empty = tmp_path / "empty.sqlite"
    empty.touch()

    def of(way: Way, history_moves: bool = False) -> tuple[int, list[str]]:
        moves, stay = chosen([way], history_moves, "lake")
        return len(moves), list(stay.values())

    cases: list[tuple[Way, Callable[[int, list[str]], bool]]] = [
        (Way(RECORDS, here, to, False), lambda n, why: n == 1 and not why),
        (Way(RECORDS, here, "", True), lambda n, why: "PLATFORM_MIGRATE_RECORDS_TO" in why[0]),
        (Way(RECORDS, here, to, True), lambda n, why: n == 0 and "Dagster's" in why[0]),
        (Way(RECORDS, to, to, False), lambda n, why: n == 0 and not why),
        (Way(RECORDS, f"sqlite:///{tmp_path}/none", to, False), lambda n, why: (n, why) == (0, [])),
        (Way(RECORDS, f"sqlite:///{empty}", to, False), lambda n, why: (n, why) == (0, [])),
    ]
    for way, is_right in cases:
        assert is_right(*of(way)), way
    assert of(Way(RECORDS, here, to, True), history_moves=True) == (1, [])
    with pytest.raises(PlatformError, match="PLATFORM_MIGRATE_RECORDS_TO is no database"):
        chosen([Way(RECORDS, here, "mysql://h/d", False)], True, "lake")
