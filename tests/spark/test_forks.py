"""A process that has worked on a lake for Spark can be forked."""

import multiprocessing
import os

from resources.spark import engine


def test_a_fork_leaves_the_lake_of_its_parent_alone(lake_url: str) -> None:
    with engine.shared_warehouse().write() as connection:
        connection.execute("CREATE TABLE raw.t AS SELECT range AS n FROM range(1000)")
    del connection  # the engine alone has it, as in a run of dbt
    with engine.shared_warehouse().reading() as cursor:
        cursor.execute("SELECT sum(n) FROM raw.t")
    del cursor

    def child() -> None:
        os._exit(1 if engine._warehouses else 0)

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(60)
    assert process.exitcode == 0
    with engine.shared_warehouse().reading() as cursor:
        assert cursor.execute("SELECT count(*) FROM raw.t").fetchone() == (1000,)
    engine._warehouses.clear()
