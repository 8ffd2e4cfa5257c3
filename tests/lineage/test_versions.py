"""Further rows of a laboratory: versions of records, twins, and what stays unique."""

import json

import pyarrow as pa

from platform_assets.lineage.laboratory import Laboratory
from platform_assets.lineage.model import Source
from platform_assets.lineage.proof import CONTRADICTED, PROVEN, UNTESTED, Proof, together
from platform_assets.lineage.versions import versions

TAKEN = pa.table(
    {
        "id": pa.array(range(20), pa.int64()),
        "state": ["paid"] * 18 + ["late", "open"],
        "only": ["a"] * 20,
        "payload": [json.dumps({"n": i, "in": {"x": i % 3}}) for i in range(19)] + [None],
    }
)


def test_twins_are_alike_but_for_some_columns_and_rare_values_are_not_rare() -> None:
    made = versions(TAKEN, {"id"}, 1, 200, "seed").to_pylist()
    assert len(made) == 20 + 400
    assert versions(TAKEN, {"id"}, 1, 200, "seed").to_pylist() == made, "the same again"
    pairs = list(zip(made[20::2], made[21::2], strict=True))
    assert all(one["id"] == other["id"] for one, other in pairs)
    differing = [sum(one[c] != other[c] for c in one) for one, other in pairs]
    assert {0, 1, 2} <= set(differing)
    assert sum(row["state"] == "late" for row in made) > 30, "one of twenty was"
    assert {row["only"] for row in made} == {"a", "ax", None}, "one value alone shows nothing"


def test_documents_differ_path_by_path() -> None:
    made = versions(TAKEN, {"id"}, 5, 0, "seed").to_pylist()
    documents = [json.loads(row["payload"]) for row in made if row["payload"]]
    assert any("in" not in document and "n" in document for document in documents)
    mixed = {(d["n"], d["in"]["x"]) for d in documents if "n" in d and "in" in d}
    assert any(n % 3 != x for n, x in mixed)


def test_what_is_unique_stays_so() -> None:
    laboratory = Laboratory()
    try:
        laboratory.hold(
            "m.t",
            "select i as id, 'k' || i as name, DATE '2026-01-01' + i::INT as day, i % 2 as place "
            "from range(30) t(i)",
            [["id"], ["name"], ["day", "place"]],
            more=1,
        )
        told = "count(*), count(DISTINCT id), count(DISTINCT name), count(DISTINCT (day, place))"
        rows, *unique = laboratory.one(f"SELECT {told} FROM m.t")
    finally:
        laboratory.close()
    assert rows == 30 + 30 + 120 and unique == [rows] * 3


def test_what_any_experiment_shows_is_shown() -> None:
    a, b, c = (Source("t", name) for name in "abc")
    found = together(
        [
            Proof("x", {(a, "o"): CONTRADICTED, (b, "o"): UNTESTED}, frozenset({(a, "o")})),
            Proof("x", {(a, "o"): PROVEN, (b, "o"): CONTRADICTED}, missed=((c, "o"),)),
            Proof("x", problem="It finds no rows in these data."),
        ]
    )
    assert found.verdicts == {(a, "o"): PROVEN, (b, "o"): CONTRADICTED}
    assert found.missed == ((c, "o"),) and found.problem == ""
    nothing = Proof("x", problem="It finds no rows in these data.")
    assert together([nothing, nothing]) == nothing
