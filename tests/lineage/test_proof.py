"""Lineage is proven by running: what the experiment finds, and that TPC-H's lineage holds."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from benchmarks import tpch
from platform_assets.lineage.columns import trace
from platform_assets.lineage.experiment import prove
from platform_assets.lineage.laboratory import Laboratory
from platform_assets.lineage.model import DIRECT, Source, Statement, TableLineage
from platform_assets.lineage.proof import CONTRADICTED, PROVEN, UNTESTED, Proof, Score

SQL = (
    "select o.id, c.name, o.payload->>'$.net' as net from lake.m.orders o "
    "left join lake.m.customers c on o.customer_id = c.id where o.state = 'paid'"
)
SCHEMAS = {
    "m.orders": ["id", "customer_id", "state", "payload", "note"],
    "m.customers": ["id", "name"],
}
KEYS = {"m.customers": [["id"]], "m.orders": [["id"]]}


@pytest.fixture
def laboratory() -> Iterator[Laboratory]:
    made = Laboratory()
    made.hold(
        "m.orders",
        "select i as id, i % 7 as customer_id, case when i % 3 = 0 then 'paid' else 'open' end as "
        "state, json_object('net', i * 10, 'tax', i)::VARCHAR as payload, NULL::VARCHAR as note "
        "from range(60) t(i)",
        KEYS["m.orders"],
    )
    made.hold("m.customers", "select i as id, 'n' || i as name from range(5) t(i)", [["id"]])
    yield made
    made.close()


def lineage(sql: str = SQL) -> tuple[Statement, TableLineage]:
    statement = Statement("x", "", sql)
    return statement, trace([statement], SCHEMAS, None, KEYS)["x"]


def test_every_edge_is_proven_and_nothing_is_missed(laboratory: Laboratory) -> None:
    proof = prove(laboratory, *lineage())
    assert set(proof.verdicts.values()) == {PROVEN}
    assert (Source("m.orders", "payload", "payload.net"), "net") in proof.direct
    assert (Source("m.orders", "customer_id"), "name") in proof.verdicts
    assert (Source("m.orders", "customer_id"), "id") not in proof.verdicts
    assert proof.missed == ()


def test_an_influence_without_an_edge_is_a_miss(laboratory: Laboratory) -> None:
    statement, known = lineage()
    projected = {c: tuple(e for e in es if e.kind == DIRECT) for c, es in known.columns.items()}
    proof = prove(laboratory, statement, replace(known, columns=projected, rows=()))
    missed = set(proof.missed)
    assert {(Source("m.orders", "state"), c) for c in ("id", "name", "net")} <= missed
    assert (Source("m.orders", "customer_id"), "name") in missed
    assert Score.of([proof]).recall < 0.5


def test_an_edge_without_an_influence_is_contradicted(laboratory: Laboratory) -> None:
    statement, known = lineage()
    (edge,) = known.columns["id"]
    wrong = replace(edge, source=Source("m.customers", "name"))
    unread = replace(edge, source=Source("m.orders", "note"))
    columns = {**known.columns, "id": (edge, wrong, unread)}
    proof = prove(laboratory, statement, replace(known, columns=columns))
    assert proof.verdicts[wrong.source, "id"] == CONTRADICTED
    assert proof.verdicts[unread.source, "id"] == UNTESTED


def test_rows_are_not_told_apart_by_the_place_that_a_source_gives_them(
    laboratory: Laboratory,
) -> None:
    ranked = (
        "select row_number() over (order by customer_id desc, id) as place, id, state "
        "from lake.m.orders"
    )
    proof = prove(laboratory, *lineage(ranked))
    assert proof.missed == ()
    assert proof.verdicts[Source("m.orders", "customer_id"), "place"] == PROVEN


def test_more_rows_are_seen_in_a_column_that_is_always_zero(laboratory: Laboratory) -> None:
    zero = "select id, id - id as zero from lake.m.orders where state = 'paid' or id < 5"
    assert set(prove(laboratory, *lineage(zero)).verdicts.values()) == {PROVEN}


def test_nothing_is_said_of_what_the_data_do_not_have(laboratory: Laboratory) -> None:
    nobody = prove(laboratory, *lineage(f"{SQL} and o.id < 0"))
    assert nobody.verdicts == {} and "finds no rows" in nobody.problem
    always_null = prove(laboratory, *lineage("select id, note || 'x' as n from lake.m.orders"))
    assert always_null.verdicts[Source("m.orders", "note"), "n"] in (PROVEN, UNTESTED)
    ties = prove(
        laboratory,
        *lineage(
            "select customer_id, arg_min(id, state) as one from lake.m.orders group by customer_id"
        ),
    )
    assert ties.verdicts[Source("m.orders", "state"), "one"] == UNTESTED


def test_a_score_counts_pairs_once() -> None:
    a, b = Source("t", "a"), Source("t", "b")
    score = Score.of(
        [
            Proof("x", {(a, "o"): PROVEN, (b, "o"): CONTRADICTED}, frozenset({(a, "o")})),
            Proof("y", {(a, "o"): PROVEN}, frozenset(), ((b, "o"),)),
        ]
    )
    assert (score.direct, score.indirect, score.missed) == ((1, 0), (1, 1), 1)
    assert score.recall == pytest.approx(2 / 3) and score.precision == pytest.approx(2 / 3)
    assert score.recall_of_projection == pytest.approx(1 / 3)


def test_lineage_of_tpch_holds() -> None:
    """Five of its queries, of small data; `python -m benchmarks lineage` proves all of them."""
    if not tpch.installed():
        pytest.skip("duckdb-extension-tpch is not installed")
    score = Score.of(tpch.proofs(0.002, {1, 3, 4, 13, 22}))
    assert score.recall >= 0.95
    assert score.precision > 0.8
    assert score.recall_of_projection < 0.4, "projection alone is not lineage"
