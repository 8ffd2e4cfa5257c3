"""What a query means stays the same when only its writing changes, and differs when it does."""

import pytest

from platform_assets.lineage.meaning import Meaning, meaning

QUERY = """
WITH counted AS (
    SELECT *, status <> 'cancelled' AS is_counted FROM s.orders
)
SELECT id, CASE WHEN is_counted THEN total END AS revenue, CAST(at AS DATE) AS day
FROM counted AS c
WHERE total > 0 AND country = 'DE'
"""


def changed(text: str) -> tuple[bool, set[str]]:
    """Whether rows differ from those of QUERY, and the columns that do."""
    was, now = meaning(QUERY), meaning(text)
    return was.rows != now.rows, {n for n in was.columns if was.columns[n] != now.columns.get(n)}


@pytest.mark.parametrize(
    "text",
    [
        QUERY.lower().replace("'de'", "'DE'"),
        QUERY.replace("\n", "  ") + "-- a comment",
        QUERY.replace("counted", "kept").replace("is_kept", "is_counted"),
        QUERY.replace("AS c", "AS other").replace("THEN total", "THEN other.total"),
        QUERY.replace("total > 0 AND country = 'DE'", "(country = 'DE') AND total > 0"),
    ],
    ids=["case", "layout", "name of a step", "name of a table", "order of conditions"],
)
def test_another_writing_is_no_other_meaning(text: str) -> None:
    assert changed(text) == (False, set())


def test_an_expression_changes_its_column_and_no_other() -> None:
    assert changed(QUERY.replace("THEN total", "THEN total - tax")) == (False, {"revenue"})


def test_a_step_before_changes_what_is_made_of_it() -> None:
    assert changed(QUERY.replace("<> 'cancelled'", "= 'paid'")) == (False, {"revenue"})


def test_a_filter_changes_the_rows_and_is_named() -> None:
    text = QUERY.replace("total > 0", "total > 10")
    assert changed(text) == (True, set())
    assert set(meaning(text).conditions) - set(meaning(QUERY).conditions) == {"total > 10"}


def test_another_table_changes_everything_that_is_read_from_it() -> None:
    rows, columns = changed(QUERY.replace("s.orders", "s.all_orders"))
    assert rows and columns == {"id", "revenue", "day"}


def test_a_second_table_is_told_apart_from_the_first() -> None:
    join = "SELECT a.x, b.y FROM s.a JOIN s.b ON a.id = b.id"
    one, other = meaning(join), meaning(join.replace("b.y", "a.y"))
    assert one.rows == other.rows and one.columns["y"] != other.columns["y"]
    assert meaning(join.replace("JOIN", "LEFT JOIN")).rows != one.rows


def test_unions_groups_and_names_beside_are_understood() -> None:
    union = meaning("SELECT a AS x FROM s.t UNION ALL SELECT b FROM s.u")
    assert (
        union.columns["x"]
        != meaning("SELECT a AS x FROM s.t UNION ALL SELECT c FROM s.u").columns["x"]
    )
    by_place = meaning("SELECT day, sum(x) AS x FROM s.t GROUP BY 1")
    assert by_place.rows == meaning("SELECT day, sum(x) AS x FROM s.t GROUP BY day").rows
    beside = "SELECT a + {} AS b, b * 2 AS c FROM (SELECT a FROM s.t) AS t"
    assert meaning(beside.format(1)).columns["c"] != meaning(beside.format(2)).columns["c"]


def test_a_star_carries_the_columns_that_are_known_on() -> None:
    found = meaning("WITH a AS (SELECT x, y FROM s.t) SELECT * EXCLUDE (y) FROM a")
    assert list(found.columns) == ["x"]


def test_what_is_no_sql_is_compared_as_text() -> None:
    found = meaning("SELEC nothing FROM (")
    assert not found.readable and found == meaning("SELEC  nothing\nFROM (")
    assert found != meaning("SELEC something FROM (")


def test_deep_queries_stay_small() -> None:
    steps = ["s0 AS (SELECT x AS a, x AS b FROM s.t)"]
    steps += [f"s{n} AS (SELECT a + b AS a, a * b AS b FROM s{n - 1})" for n in range(1, 60)]
    found = meaning(f"WITH {', '.join(steps)} SELECT a, b FROM s59")
    assert isinstance(found, Meaning) and len(found.columns) == 2
