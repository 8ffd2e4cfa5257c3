"""What one engine can and another can't."""

import threading
from pathlib import Path

import pytest

from resources.warehouse import Warehouse
from tests.engines.company import Walk
from tests.engines.gaps import GAPS, WRITE_TOGETHER, asked_of
from tests.engines.kinds import ENGINES, OTHERS, settings_of

pytestmark = pytest.mark.xdist_group("engines")
PATIENCE = 20.0  # seconds for a writer to commit, where it can
SOON = 3.0  # seconds after which it is waiting, where it has to


@pytest.mark.parametrize("engine", asked_of(WRITE_TOGETHER))
def test_writers_of_different_tables_commit_at_the_same_time(tmp_path: Path, engine: str) -> None:
    with Walk(engine, tmp_path, settings_of(engine, tmp_path)).entered() as first:
        second = Warehouse.from_settings()
        with first.write() as connection:
            connection.execute("CREATE TABLE raw.a (n BIGINT); CREATE TABLE raw.b (n BIGINT)")
        second.connect().close()
        committed = threading.Event()

        def write() -> None:
            with second.write("b") as connection:
                connection.execute("INSERT INTO raw.b VALUES (1)")
            committed.set()

        other = threading.Thread(target=write)
        with first.write("a") as connection:
            connection.execute("INSERT INTO raw.a VALUES (1)")
            other.start()
            expected = not any((g.engine, g.what) == (engine, WRITE_TOGETHER) for g in GAPS)
            together = committed.wait(PATIENCE if expected else SOON)
        other.join(PATIENCE)
        assert committed.is_set(), "it never committed at all"
    if not together:
        pytest.fail("it waited for the other one")


def test_every_gap_is_of_an_engine_and_says_why() -> None:
    for gap in GAPS:
        assert gap.engine in ENGINES and gap.kind in ("notimpl", "never") and gap.reason
    assert len({(gap.engine, gap.what) for gap in GAPS}) == len(GAPS)


def test_spark_walks_with_the_others() -> None:
    if "spark" not in ENGINES:
        pytest.skip("the sample company on Spark takes some six minutes: `make test-long`")
    assert "spark" in OTHERS
