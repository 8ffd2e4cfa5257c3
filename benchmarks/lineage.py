"""Column lineage: how fast it is traced, and how much of it is proven by running.

What belongs here: the models of the platform traced under as many names as a large project has,
TPC-H, and the sample company's models. What does not: how lineage is proven
(`platform_assets.lineage.experiment`).
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import lineage_reports, tpch
from benchmarks.measure import DATA, ROOT, python
from platform_assets.lineage.model import Statement
from platform_assets.lineage.proof import Proof, Score

VERSION_KEYS = {  # what tells rows apart in the laboratory, where no test of dbt's says it
    **{
        f"raw.{name}": [["_file", "_line"]]
        for name in (
            *("web_events", "app_events", "access_log", "google_ads", "meta_ads"),
            *("support_tickets", "usage"),
        )
    },
    **{
        f"raw.shop__{name}": [["id", "_load_id", "_file", "_line"]]
        for name in ("customers", "order_lines", "orders", "products")
    },
    **{f"product.{name}": [["number"]] for name in ("requests", "feedback", "history")},
    **{f"product.{name}": [["id"]] for name in ("objectives", "key_results", "requirements")},
    "product.links": [["source", "relation", "target"]],
    "product.attention": [["rank"]],
    "staging.stg_shop_customers": [["customer_id"]],
    "staging.stg_shop_orders": [["order_id"]],
    "staging.stg_shop_order_lines": [["order_line_id"]],
    "staging.stg_shop_products": [["product_id"]],
    "staging.stg_support_tickets": [["ticket_id"]],
    "staging.stg_access_log": [["_file", "_line"]],
    "staging.user_agents": [["user_agent"]],
}

KIN = {"raw.app_events": "raw.web_events"}  # an event may come by both: it is held in both
VERSIONS = 1  # of each row, beside it


def run(models: int, scale: float, rows: int) -> None:
    """Measure all and print the tables."""
    home = _company()
    os.environ["PLATFORM_DATA_DIR"] = str(home)
    from resources.settings import settings

    settings.cache_clear()
    told = Table(title=f"Column lineage of {models:,} models", title_justify="left")
    for column in ("", "s", "processor, s", "edges"):
        told.add_column(column, justify="left" if not column else "right")
    for name, seconds, processor, edges in _traced(models):
        told.add_row(name, f"{seconds:,.2f}", f"{processor:,.2f}", f"{edges:,}")
    Console(width=110).print(told)
    proven = Table(title="Proven by changing one source column at a time", title_justify="left")
    for column in (
        *("", "influences", "recall", "of projection alone", "precision", "direct", "indirect"),
        *("untested", "missed"),
    ):
        proven.add_column(column, justify="left" if not column else "right")
    proven.add_row(*_row(f"TPC-H, 22 queries, scale {scale}", tpch.proofs(scale)))
    proven.add_row(*_row(f"sample company, {rows:,} rows a table", _own(rows)))
    Console(width=130).print(proven)


def _row(name: str, proofs: Iterable[Proof]) -> list[str]:
    found = list(proofs)
    for proof in found:
        if proof.problem:
            print(f"{proof.key}: {proof.problem}")
    score = Score.of(found)
    direct, indirect = score.precision_by_kind
    shares = (score.recall, score.recall_of_projection, score.precision, direct, indirect)
    influences = score.direct[0] + score.indirect[0] + score.missed
    told = [f"{share:.1%}" for share in shares]
    return [name, f"{influences:,}", *told, f"{score.untested:,}", f"{score.missed:,}"]


def _company() -> Path:
    """Return the data folder of a sample company that was materialized once."""
    home = DATA / "lineage"
    if not (home / "done").exists():
        shutil.rmtree(home, ignore_errors=True)
        environment = {**os.environ, "PLATFORM_DATA_DIR": str(home), "PYTHONPATH": str(ROOT)}
        cli = python("platform_assets.cli")
        for arguments in (("sample", "--days", "60", "--events-per-day", "200"), ("materialize",)):
            subprocess.run([*cli, *arguments], cwd=ROOT, env=environment, check=False)
        (home / "done").touch()
    return home


def _traced(models: int) -> Iterator[tuple[str, float, float, int]]:
    """Trace the platform's models under so many names, for the first time and again."""
    from platform_assets.lineage import project
    from platform_assets.lineage.columns import trace
    from platform_assets.lineage.compiled import compiled
    from resources.dbt import DbtProject

    found = compiled(DbtProject.from_settings())
    own = list(project.statements(found))
    schemas = project.warehouse_schemas()
    copies = range(1 + models // len(own))
    every = [_copy(one, i) for i in copies for one in own][:models]
    schemas = {f"c{i}_{table}": columns for i in copies for table, columns in schemas.items()}
    with tempfile.TemporaryDirectory(dir=DATA) as folder:
        for name in ("for the first time", "again", "again, after one model changed"):
            if name.endswith("changed"):
                every[0] = replace(every[0], sql=f"{every[0].sql} -- changed")
            started, processor = time.perf_counter(), time.process_time()
            lineage = trace(every, schemas, Path(folder))
            seconds, used = time.perf_counter() - started, time.process_time() - processor
            edges = (len(e) for one in lineage.values() for e in (*one.columns.values(), one.rows))
            yield name, seconds, used, sum(edges)


def _copy(one: Statement, number: int) -> Statement:
    """Return a statement in schemas of its own: nothing is shared between copies."""
    sql = one.sql.replace('"lake"."', f'"lake"."c{number}_')
    return replace(one, key=f"c{number}_{one.key}", table=f"c{number}_{one.table}", sql=sql)


def _own(rows: int) -> Iterator[Proof]:
    """Prove the lineage of the platform's own models and of its reports' queries.

    Args:
        rows: of each table they read, beside the versions of these.
    """
    from platform_assets.lineage import project
    from platform_assets.lineage.columns import trace
    from platform_assets.lineage.compiled import compiled
    from platform_assets.lineage.experiment import prove
    from platform_assets.lineage.laboratory import Laboratory
    from resources.dbt import DbtProject
    from resources.warehouse import Warehouse

    found = compiled(DbtProject.from_settings())
    statements = list(project.statements(found))
    unique = project.unique_columns(found)
    keys = VERSION_KEYS | unique
    schemas = project.warehouse_schemas()
    asked = list(lineage_reports.statements(Warehouse.from_settings().engine()))
    every = [*statements, *(query for query, _ in asked)]
    lineage = trace(every, schemas, None, unique)  # as the platform itself traces
    laboratory = Laboratory()
    with Warehouse.from_settings().reading() as connection:
        for table in sorted(schemas):
            schema, _, name = table.partition(".")
            source = f'lake."{schema}"."{name}"'
            count = (connection.execute(f"SELECT count(*) FROM {source}").fetchone() or (0,))[0]
            some = f" WHERE hash(t) % {count} < {rows}" if count > rows else ""
            query = f"SELECT * FROM {source} AS t{some}"
            if table in KIN:
                query += _shared(schemas, table, rows)
            taken = connection.execute(query).to_arrow_table()
            laboratory.connection.register("taken_in", taken)
            laboratory.hold(table, "FROM taken_in", keys.get(table, ()), more=VERSIONS)
            laboratory.connection.unregister("taken_in")
    try:
        for statement in statements:
            yield prove(laboratory, statement, lineage[statement.key])
        yield from lineage_reports.prove_all(laboratory, asked, lineage)
    finally:
        laboratory.close()


def _shared(schemas: Mapping[str, Collection[str]], table: str, rows: int) -> str:
    """Return the SQL of rows to add to a table: some of its kin, as far as both have columns."""
    kin = KIN[table]
    names = ", ".join(f'"{name}"' for name in schemas[table] if name in schemas[kin])
    schema, _, name = kin.partition(".")
    source = f'lake."{schema}"."{name}"'
    sample = f"USING SAMPLE reservoir({rows // 2} ROWS) REPEATABLE (1)"
    return f" UNION ALL BY NAME (SELECT {names} FROM {source} {sample})"
