"""What is asked of the received events: namespaces, datasets, jobs, runs, who is linked with whom.

What belongs here: queries, with limits. What does not: the JSON that clients get (`marquez`),
writing (`store`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from platform_assets.lineage.openlineage.received import tables as t
from platform_assets.lineage.openlineage.received.merging import DERIVED
from platform_assets.lineage.openlineage.received.store import Store
from platform_assets.lineage.openlineage.received.tables import Row

MOST_NODES = 2_000  # of one graph
IN_LIST = 500


@dataclass(frozen=True)
class Page:
    """Some rows of all there are."""

    rows: list[Row]
    total: int


@dataclass(frozen=True)
class Neighbourhood:
    """Jobs and datasets near one of them, by key, and the links between them."""

    jobs: dict[str, Row]
    datasets: dict[str, Row]
    links: list[Row]


class Reader:
    """Asks; never writes.

    Args:
        store: whose database is asked; opened when it is needed first.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def rows(self, query: sa.Select[Any] | sa.CompoundSelect[Any]) -> list[Row]:
        """Return what a query finds."""
        with self._store.engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(query)]

    def count(self, query: sa.Select[Any]) -> int:
        """Return how many rows a query has."""
        with self._store.engine.connect() as connection:
            counted = sa.select(sa.func.count()).select_from(query.order_by(None).subquery())
            return int(connection.scalar(counted) or 0)

    def page(self, query: sa.Select[Any], limit: int, offset: int) -> Page:
        """Return a page of what a query finds."""
        return Page(self.rows(query.limit(limit).offset(offset)), self.count(query))

    def bodies(self, query: sa.Select[Any], most: int) -> list[str]:
        """Return the first column of what a query finds, up to a number of characters."""
        found: list[str] = []
        with self._store.engine.connect().execution_options(yield_per=20) as connection:
            for row in connection.execute(query):
                most -= len(row[0])
                if most < 0 and found:
                    break
                found.append(row[0])
        return found

    def state(self) -> tuple[int, int]:
        """Return two numbers: one grows with every change, one when links or names do."""
        (row,) = self.rows(sa.select(t.state.c.changes, t.state.c.structure))
        return row["changes"], row["structure"]

    def namespaces(self) -> sa.Select[Any]:
        """Return the query for namespaces, with when each was first and last told of."""
        both = sa.union_all(
            *(sa.select(x.c.namespace, x.c.first_at, x.c.last_at) for x in (t.jobs, t.datasets))
        ).subquery()
        return (
            sa.select(
                both.c.namespace,
                sa.func.min(both.c.first_at).label("first_at"),
                sa.func.max(both.c.last_at).label("last_at"),
            )
            .group_by(both.c.namespace)
            .order_by(both.c.namespace)
        )

    def namespace(self, name: str) -> Row | None:
        """Return a namespace."""
        every = self.namespaces().subquery()
        return next(iter(self.rows(sa.select(every).where(every.c.namespace == name))), None)

    def things(self, table: sa.Table, namespace: str | None) -> sa.Select[Any]:
        """Return the query for jobs or datasets, those of one namespace or all."""
        query = sa.select(table).order_by(table.c.namespace, table.c.name)
        return query if namespace is None else query.where(table.c.namespace == namespace)

    def thing(self, table: sa.Table, namespace: str, name: str) -> Row | None:
        """Return a job or a dataset."""
        return next(iter(self.by_key(table, [t.key_of(table, namespace, name)]).values()), None)

    def by_key(self, table: sa.Table, keys: Iterable[str]) -> dict[str, Row]:
        """Return jobs, datasets or runs by their keys."""
        column = next(iter(table.primary_key))
        found = self._in(sa.select(table), column, keys)
        return {row[column.name]: row for row in found}

    def links_of(self, jobs: Iterable[str] = (), datasets: Iterable[str] = ()) -> list[Row]:
        """Return the links of jobs, and those of datasets."""
        of_jobs = self._in(sa.select(t.links), t.links.c.job, jobs)
        return of_jobs + self._in(sa.select(t.links), t.links.c.dataset, datasets)

    def runs(self, job: str) -> sa.Select[Any]:
        """Return the query for a job's runs, the newest first."""
        c = t.runs.c
        return sa.select(t.runs).where(c.job == job).order_by(c.first_at.desc(), c.run_id)

    def events(
        self, since: int, until: int, newest_first: bool, job_in: str = ""
    ) -> sa.Select[Any]:
        """Return the query for bodies of events between two times, `until` not included.

        Args:
            job_in: only those of jobs, or of datasets alone, in this namespace.
        """
        e = t.events.c
        query = sa.select(e.body).where(e.at >= since, e.at < until)
        if job_in:
            of = sa.select(t.jobs.c.key).where(t.jobs.c.namespace == job_in)
            query = query.where(e.job.in_(of))
        order = (e.at.desc(), e.id.desc()) if newest_first else (e.at, e.id)
        return query.order_by(*order)

    def search(
        self, text: str, tables: Sequence[tuple[str, sa.Table]], namespace: str, newest: bool
    ) -> sa.Select[Any]:
        """Return the query for jobs and datasets whose name has a text; `%` and `_` as in LIKE."""
        pattern = text.lower() if set("%_") & set(text) else f"%{text.lower()}%"
        found = []
        for kind, table in tables:
            c = table.c
            where: list[sa.ColumnElement[bool]] = [sa.func.lower(c.name).like(pattern)]
            if namespace:
                where.append(c.namespace == namespace)
            columns = (sa.literal(kind).label("kind"), c.namespace, c.name, c.last_at)
            found.append(sa.select(*columns).where(*where))
        both = sa.union_all(*found).subquery()
        order = (both.c.last_at.desc(),) if newest else (both.c.name, both.c.namespace)
        return sa.select(both).order_by(*order)

    def near(self, key: str, is_job: bool, steps: int) -> Neighbourhood:
        """Return what is linked with a job or a dataset over at most some steps."""
        jobs, datasets = ({key}, set[str]()) if is_job else (set[str](), {key})
        new_jobs, new_datasets = set(jobs), set(datasets)
        links: dict[tuple[str, str, str], Row] = {}
        for _ in range(steps):
            # Of a link between datasets, both ends are datasets.
            found = self.links_of(new_jobs | new_datasets, new_datasets)
            links |= {(r["job"], r["dataset"], r["role"]): r for r in found}
            new_datasets = {r["dataset"] for r in found} - datasets
            new_datasets |= {r["job"] for r in found if r["role"] == DERIVED} - datasets
            new_jobs = {r["job"] for r in found if r["role"] != DERIVED} - jobs
            jobs, datasets = jobs | new_jobs, datasets | new_datasets
            if not new_jobs | new_datasets or len(jobs) + len(datasets) > MOST_NODES:
                break
        return Neighbourhood(
            self.by_key(t.jobs, jobs), self.by_key(t.datasets, datasets), list(links.values())
        )

    def _in(
        self, query: sa.Select[Any], column: sa.ColumnElement[Any], keys: Iterable[str]
    ) -> list[Row]:
        every = sorted(set(keys))
        found: list[Row] = []
        for start in range(0, len(every), IN_LIST):
            found += self.rows(query.where(column.in_(every[start : start + IN_LIST])))
        return found
