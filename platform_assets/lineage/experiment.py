"""Lineage proven by running: what changes when one source column does?

One column of one input is changed at a time (values moved, made NULL, exchanged between rows, made
all the same), the SQL runs again, and each output column is compared with what it was.

What belongs here: which changes are tried on which columns, and what is concluded from them. What
does not: the changes (`changes`), the tables (`laboratory`), sums (`proof`).
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import duckdb
import sqlglot
from sqlglot import exp

from platform_assets.lineage.changes import Column, changes
from platform_assets.lineage.laboratory import Laboratory, held, quoted_name
from platform_assets.lineage.model import DIRECT, Source, Statement, TableLineage
from platform_assets.lineage.proof import CONTRADICTED, PROVEN, UNTESTED, Pair, Proof


def prove(laboratory: Laboratory, statement: Statement, lineage: TableLineage) -> Proof:
    """Change every column that a statement may read, one after the other, and compare."""
    if lineage.problem:
        return Proof(statement.key, problem=lineage.problem)
    try:
        laboratory.make("was", statement.sql)
    except duckdb.Error as error:
        return Proof(statement.key, problem=f"It does not run: {error}")
    return _Experiment(laboratory, statement, lineage, laboratory.outputs("was")).run()


@dataclass
class _Experiment:
    """The changes of one statement's inputs, and what they change."""

    laboratory: Laboratory
    statement: Statement
    lineage: TableLineage
    outputs: Mapping[str, str]

    @cached_property
    def literals(self) -> list[str]:
        """The constants of the SQL, without the wildcards of LIKE."""
        told = sqlglot.parse_one(self.statement.sql, dialect=self.statement.dialect)
        found = dict.fromkeys(
            literal.this.strip("%").replace("%", "") if literal.is_string else literal.sql()
            for literal in told.find_all(exp.Literal)
        )
        return ["'" + one.replace("'", "''") + "'" for one in found if one]

    def run(self) -> Proof:
        was = self._prints("was")
        if not was or was[0] == 0:
            return Proof(self.statement.key, problem="It finds no rows in these data.")
        spelled = {name.lower(): name for name in self.outputs}
        traced = {name: spelled.get(name.lower()) for name in self.lineage.columns}
        direct, own, edges = self._edges(traced)
        changed: set[Pair] = set()
        tested: set[Source] = set()
        told = {source for source, _ in edges}
        for column in self._sources(told):
            moved = self._changed(column, was, {o for s, o in own if _covers(s, column.source)})
            if moved is not None:
                tested.add(column.source)
                changed |= {(column.source, output) for output in moved}
        unsteady = self._unsteady(was)
        changed = {(source, output) for source, output in changed if output not in unsteady}
        untested = self._empty() | unsteady
        verdicts = {
            (source, output): _verdict(
                source, output, changed, () if output in untested else tested
            )
            for source, output in edges
        }
        missed = tuple(
            (source, output)
            for source, output in sorted(changed)
            if not any(_covers(s, source) and o == output for s, o in edges)
        )
        return Proof(self.statement.key, verdicts, frozenset(direct), missed)

    def _edges(self, traced: Mapping[str, str | None]) -> tuple[set[Pair], set[Pair], set[Pair]]:
        """Return the pairs that have a direct edge, those with one of the column's own, and all."""
        direct, own, every = set[Pair](), set[Pair](), set[Pair]()
        for name, output in traced.items():
            for edge in self.lineage.of(name) if output else ():
                if edge.source.column and output:
                    every.add((edge.source, output))
                    if edge in self.lineage.columns[name]:
                        own.add((edge.source, output))
                    if edge.kind == DIRECT:
                        direct.add((edge.source, output))
        return direct, own, every

    def _sources(self, told: Collection[Source]) -> Iterator[Column]:
        """Return what is to be changed: every column; of JSON, the paths that edges name."""
        text = self.statement.sql.lower()
        starred = "*" in text
        for column in self.laboratory.columns(self.statement.sql):
            if not starred and column.name.lower() not in text:
                continue
            paths = {s.path for s in told if s.path and _same_column(s, column.source)}
            for path in sorted(paths):
                yield column.at(path)
            if not paths:
                yield column

    def _changed(
        self, column: Column, was: tuple[int, ...], fed: Collection[str]
    ) -> set[str] | None:
        """Return the outputs that a source moves; None if nothing could be changed in it."""
        laboratory, table = self.laboratory, held(column.table)
        own = [key for key in laboratory.keys[column.table] if column.name.lower() in key]
        effective, moved = False, set[str]()
        key = self._key(fed)
        try:
            alone = any(len(k) == 1 for k in own)
            for change in changes(column, bool(own), alone, self.literals):
                count = laboratory.one(change.count.replace("{held}", table))
                if not count or not count[0]:
                    continue
                laboratory.show(column.table, change.query.replace("{held}", table))
                try:
                    laboratory.make("now", self.statement.sql)
                except duckdb.Error:
                    continue  # the SQL does not bear it, `CAST('x1x' AS INT)`: nothing is learnt
                effective = True
                moved |= self._moved(was, key)
                if len(moved) == len(self.outputs):
                    break
        finally:
            laboratory.show_held(column.table)
        return moved if effective else None

    def _moved(self, was: tuple[int, ...], key: tuple[str, ...]) -> set[str]:
        now = self._prints("now")
        moved = {
            name
            for place, name in enumerate(self.outputs)
            if was[0] != now[0] or was[place + 1] != now[place + 1]
        }
        if was[0] != now[0]:  # other rows: a column moves if its values are others
            moved = {n for place, n in enumerate(self.outputs) if was[place + 1] != now[place + 1]}
        if key and not moved.intersection(key) and was[0] == now[0]:
            moved |= self._exchanged(key, moved)
        return moved

    def _exchanged(self, key: tuple[str, ...], moved: Collection[str]) -> set[str]:
        """Return the columns whose values are the same, but stand beside other keys."""
        others = [name for name in self.outputs if name not in moved and name not in key]
        if not others:
            return set()
        on = " AND ".join(
            f"was.{quoted_name(k)} IS NOT DISTINCT FROM now.{quoted_name(k)}" for k in key
        )
        told = ", ".join(
            f"count_if({self._told(n, 'was')} IS DISTINCT FROM {self._told(n, 'now')})"
            for n in others
        )
        found = self.laboratory.one(f"SELECT count(*), {told} FROM temp.was JOIN temp.now ON {on}")
        return {name for name, count in zip(others, found[1:], strict=True) if count}

    def _key(self, fed: Collection[str]) -> tuple[str, ...]:
        """Return columns that tell rows apart and do not rest on the source themselves.

        A number that rows have by their order is none: who is first by the source may be another.
        """
        plain = [
            name
            for name, kind in self.outputs.items()
            if name not in fed and not kind.startswith(("DOUBLE", "FLOAT"))
        ][:8]
        for size in (1, 2, 3):
            for chosen in combinations(plain, size):
                names = ", ".join(map(quoted_name, chosen))
                found = self.laboratory.one(
                    f"SELECT count(*), count(DISTINCT ({names})) FROM temp.was"
                )
                if found and found[0] == found[1]:
                    return chosen
        return ()

    def _unsteady(self, was: tuple[int, ...]) -> set[str]:
        """Return the outputs that the order of the inputs' rows alone changes: ties, floats.

        What moves them is not known, so nothing is said of them.
        """
        laboratory, found = self.laboratory, set[str]()
        tables = {column.table for column in laboratory.columns(self.statement.sql)}
        for order in ("_other", "_place DESC", "hash(_place, 7)", "hash(_place, 8)"):
            for table in tables:
                laboratory.show_held(table, f" ORDER BY {order}")
            laboratory.make("now", self.statement.sql)
            found |= self._moved(was, self._key(()))
        for table in tables:
            laboratory.show_held(table)
        return found

    def _empty(self) -> set[str]:
        """Return the outputs that have no value at all in these data."""
        told = ", ".join(f"count({quoted_name(name)})" for name in self.outputs)
        counts = self.laboratory.one(f"SELECT {told} FROM temp.was")
        return {name for name, count in zip(self.outputs, counts, strict=True) if not count}

    def _prints(self, made: str) -> tuple[int, ...]:
        """Return the number of rows, and of each column a number that tells its values."""
        # Not of the value alone: the hash of 0 and of false is 0, and more of them add nothing.
        told = ", ".join(f"sum(hash({self._told(name)}, 1)::HUGEINT)" for name in self.outputs)
        return self.laboratory.one(f"SELECT count(*), {told} FROM temp.{made}")

    def _told(self, name: str, table: str = "") -> str:
        """Return the SQL of a column as it is compared: sums of floats differ by their order."""
        column = f"{table}.{quoted_name(name)}" if table else quoted_name(name)
        return f"round({column}, 6)" if self.outputs[name] in ("DOUBLE", "FLOAT") else column


def _verdict(
    source: Source, output: str, changed: Collection[Pair], tested: Collection[Source]
) -> str:
    if any(o == output and _covers(source, s) for s, o in changed):
        return PROVEN
    return CONTRADICTED if any(_covers(source, s) for s in tested) else UNTESTED


def _covers(edge: Source, source: Source) -> bool:
    """Whether an edge tells of a source: of the same column, and the same path or one above."""
    if not _same_column(edge, source):
        return False
    return not edge.path or edge.path == source.path or source.path.startswith(f"{edge.path}.")


def _same_column(one: Source, other: Source) -> bool:
    return one.table == other.table and one.column.lower() == other.column.lower()
