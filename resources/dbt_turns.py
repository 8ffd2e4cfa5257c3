"""dbt takes turns with the platform's other writers: one write lock per transaction.

What belongs here: what is wrapped around dbt's DuckDB adapter. What does not: running dbt (`dbt`),
the lock itself (`warehouse.lock`).
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import duckdb

from resources.warehouse import Warehouse, relations
from resources.warehouse.sql import literal

BESIDE = ("", "__dbt_tmp", "__dbt_backup")  # what dbt adds to a table's name while it makes it anew


def take_turns() -> None:
    """Make whatever dbt's DuckDB adapter writes hold the warehouse's write lock.

    The adapter has no hook around a transaction, so its methods are wrapped, once in a process:
    a transaction holds the lock from begin to commit or rollback, and a statement outside of one
    (dropping a temporary table, say) for as long as it runs. What only reads takes no turn: data
    tests, and statements that change nothing.

    The same model is made by one process at a time, from its first look at what is new to it to the
    last table that it drops: what it has seen holds until it is done.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.duckdb.impl import DuckDBAdapter
    from packaging.version import Version

    manager: Any = DuckDBConnectionManager
    adapter: Any = DuckDBAdapter
    if not getattr(manager, "takes_turns", False):
        manager.takes_turns = True
        # The adapter asks the database for its version while it holds a lock of its own, which a
        # second thread that has its turn to write then waits for: each waits for the other.
        adapter.duckdb_version = Version(duckdb.__version__)
        _lock_transactions(manager)
        _lock_statements(manager)
        _lock_nodes(adapter)


def _lock_nodes(adapter: Any) -> None:
    connection_named = adapter.connection_named

    @contextmanager
    def one_at_a_time(self: Any, name: str, node: Any = None, *args: Any) -> Iterator[None]:
        if not name.startswith(("model.", "seed.", "snapshot.")):
            with connection_named(self, name, node, *args):
                yield
            return
        turn = Warehouse.from_settings().place.mutex(_turn(name))
        with turn, connection_named(self, name, node, *args):
            if node is not None:
                _look_again(self, node)
            yield

    adapter.connection_named = one_at_a_time


def _look_again(adapter: Any, node: Any) -> None:
    """Tell dbt what there is of a node's table now: another process may have made or dropped it.

    dbt looks at all schemas once, at its start, and believes that to its end.
    """
    names = [f"{node.alias}{beside}".lower() for beside in BESIDE]
    _, table = adapter.execute(
        f"{relations.KINDS} AND schema_name = {literal(node.schema)} "
        f"AND lower(table_name) IN ({', '.join(map(literal, names))})",
        fetch=True,
    )
    there = {(row[0], row[1]) for row in table.rows}
    known = {
        (relation.identifier, str(relation.type)): relation
        for relation in adapter.cache.get_relations(node.database, node.schema)
        if relation.identifier.lower() in names
    }
    for gone in known.keys() - there:
        adapter.cache.drop(known[gone])
    for name, kind in there - known.keys():
        adapter.cache.add(adapter.Relation.create(node.database, node.schema, name, type=kind))


def _lock_transactions(manager: Any) -> None:
    begin, commit, rollback = manager.begin, manager.commit, manager._rollback_handle

    def locked_begin(self: Any) -> Any:
        connection = self.get_thread_connection()
        if _writes(connection):
            _take(connection)
        try:
            return begin(self)
        except BaseException:
            _release(connection)
            raise

    def locked_commit(self: Any) -> Any:
        connection = self.get_thread_connection()
        with _committing(connection):
            commit(self)
        _release(connection)
        return connection

    def locked_rollback(_: Any, connection: Any) -> None:
        try:
            rollback(connection)
        finally:
            _release(connection)

    manager.begin = locked_begin
    manager.commit = locked_commit
    manager._rollback_handle = classmethod(locked_rollback)


def _lock_statements(manager: Any) -> None:
    add_query = manager.add_query

    def locked_add_query(self: Any, sql: str, *args: Any, **kwargs: Any) -> Any:
        if not _writes(self.get_thread_connection()) or only_reads(sql):
            return add_query(self, sql, *args, **kwargs)
        with Warehouse.from_settings().lock(_turn(self.get_thread_connection().name)):
            return add_query(self, sql, *args, **kwargs)

    manager.add_query = locked_add_query


def only_reads(sql: str) -> bool:
    """Whether SQL changes nothing: DuckDB itself tells queries from all other statements.

    A query that calls a function of DuckLake's counts as one that writes, because some of them do
    (adding files, expiring snapshots); so does what DuckDB can't parse.
    """
    if "ducklake_" in sql.lower():
        return False
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error:
        return False
    return all(s.type == duckdb.StatementType.SELECT for s in statements)  # DESCRIBE, SHOW too


def _writes(connection: Any) -> bool:
    """Whether a dbt connection, named after its node, may write."""
    return not str(connection.name).startswith(("test.", "unit_test.", "list_"))


def _turn(name: object) -> str:
    """Return whose turn a node of this name writes in: that of the table that it makes."""
    return str(name).rpartition(".")[2] or "dbt"


def _committing(connection: Any) -> AbstractContextManager[None]:
    if getattr(connection, "write_lock", None) is None:
        return nullcontext()
    place = Warehouse.from_settings().place
    return place.committing(connection.handle.cursor(), _turn(connection.name))


def _take(connection: Any) -> None:
    held = Warehouse.from_settings().lock(_turn(connection.name))
    held.__enter__()
    connection.write_lock = held


def _release(connection: Any) -> None:
    held = getattr(connection, "write_lock", None)
    if held is not None:
        connection.write_lock = None
        held.__exit__(None, None, None)
