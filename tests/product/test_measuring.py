"""Running a key result's query, keeping what it returned, and reading it back."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from platform_assets.product import measuring
from platform_assets.product.curated_kinds import KeyResult
from platform_assets.product.kinds import Measurement
from platform_assets.product.measured import Measured
from resources.errors import PlatformError
from resources.warehouse import Warehouse
from resources.warehouse.sandbox import QueryError
from tests.catalog.world import HereSandbox
from tests.product.key_results import FASTER, measured, on

AT = datetime(2026, 8, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """A lake with three answers: after 10, 20 and 30 hours."""
    folder = tmp_path_factory.mktemp("lake")
    found = Warehouse(f"ducklake:///{folder}/warehouse", memory_limit="256MB", threads=1)
    with found.write() as connection:
        connection.execute(
            "CREATE TABLE lake.marts.answers AS SELECT i * 10 AS hours, "
            "DATE '2026-07-29' + i::INTEGER AS day FROM range(1, 4) g(i)"
        )
    yield found


def asking(sql: str) -> KeyResult:
    return replace(FASTER, sql=sql)


def measure(kr: KeyResult, lake: Warehouse) -> Measurement:
    return measuring.measure(kr, lake.engine(), AT, "run-1", {"marts/answers": "good"})


def test_a_query_becomes_a_measurement(lake: Warehouse) -> None:
    assert measure(FASTER, lake) == Measurement(
        key_result="faster-answers",
        at=AT,
        run_id="run-1",
        definition=measuring.definition(FASTER),
        value=20.0,
        as_of=datetime(2026, 8, 1, tzinfo=UTC),
        upstream={"marts/answers": "good"},
    )


@pytest.mark.parametrize(
    ("as_of", "moment"),
    [
        ("DATE '2026-07-30'", datetime(2026, 7, 30, tzinfo=UTC)),
        ("TIMESTAMP '2026-07-30 06:00:00'", datetime(2026, 7, 30, 6, tzinfo=UTC)),
        ("TIMESTAMPTZ '2026-07-30 06:00:00+02'", datetime(2026, 7, 30, 4, tzinfo=UTC)),
    ],
)
def test_any_kind_of_time_is_taken_as_utc(as_of: str, moment: datetime, lake: Warehouse) -> None:
    found = measure(asking(f"SELECT {as_of} AS AS_OF, 0.1::DECIMAL(4, 2) AS value;"), lake)
    assert (found.value, found.as_of) == (0.1, moment)


@pytest.mark.parametrize(
    ("sql", "trouble"),
    [
        (f"{FASTER.sql} WHERE hours > 99", "its query returned no value"),
        ("SELECT 1 AS value, NULL::DATE AS as_of", "its query returned no as_of"),
        (
            "SELECT 'nan'::DOUBLE AS value, DATE '2026-01-01' AS as_of",
            "its query returned no value",
        ),
    ],
)
def test_a_query_that_finds_nothing_measures_nothing(
    sql: str, trouble: str, lake: Warehouse
) -> None:
    found = measure(asking(sql), lake)
    assert (found.value, found.as_of, found.trouble) == (None, None, (trouble,))


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT 1 AS valeu, DATE '2026-01-01' AS as_of", "its query returns valeu, as_of"),
        ("SELECT 1 AS value, now() AS as_of WHERE false", "its query returns no row"),
        (
            "SELECT hours AS value, day AS as_of FROM marts.answers",
            "its query returns several rows",
        ),
        ("SELECT 'many' AS value, now() AS as_of", "its `value` is 'many', no number"),
        ("SELECT true AS value, now() AS as_of", "its `value` is 'True', no number"),
        ("SELECT 1 AS value, 'today' AS as_of", "its `as_of` is 'today', no time"),
        ("SELECT\n  hour\nFROM marts.answers", "line 2 of its query: Referenced column"),
        ("SELECT 1 FROM marts.answer", "line 1 of its query: Table with name answer does not"),
    ],
)
def test_a_wrong_query_is_told_with_file_and_line(sql: str, said: str, lake: Warehouse) -> None:
    with pytest.raises(PlatformError) as told:
        measure(asking(sql), lake)
    place = "objectives/answers.md:7: key result faster-answers: "
    assert told.value.message.startswith(place + said)
    assert "one row with two columns: `value`, a number, and `as_of`" in told.value.hint


def test_a_query_can_not_write(lake: Warehouse) -> None:
    with pytest.raises(PlatformError, match="read-only"):
        measure(asking("DROP TABLE marts.answers"), lake)


def test_only_what_changes_the_number_changes_the_definition() -> None:
    first = measuring.definition(FASTER)
    laid_out = FASTER.sql.replace(" FROM", " -- of answers\n  FROM") + " /* all */ ;\n"
    assert measuring.definition(replace(FASTER, sql=laid_out, title="Other", owner="x")) == first
    changed = [
        replace(FASTER, sql=FASTER.sql.replace("avg", "min")),
        replace(FASTER, baseline=31),
        replace(FASTER, target=11),
        replace(FASTER, unit="min"),
    ]
    assert len({measuring.definition(each) for each in (FASTER, *changed)}) == 5


@pytest.mark.parametrize(
    ("one", "other"),
    [("'a  b'", "'a b'"), ("'--x'", "''"), ("'a;'", "'a'"), ('"A b"', '"A  b"'), ("'''x'", "''")],
)
def test_what_stands_in_quotes_is_not_laid_out(one: str, other: str) -> None:
    digests = {measuring.definition(asking(f"SELECT {text} AS value")) for text in (one, other)}
    assert len(digests) == 2


def test_measurements_are_read_back_as_they_were_kept(tmp_path: Path) -> None:
    lake = Warehouse(f"ducklake:///{tmp_path}/warehouse", memory_limit="256MB", threads=1)
    with lake.write():
        pass
    sandbox = HereSandbox(lake)
    reader = Measured(lambda sql: sandbox.run(sql).rows, seconds=0)
    assert reader.all() == {} and reader.of("faster-answers") == []  # there is no table yet
    assert measuring.counted(lake) == (0, None)
    kept = [
        measured(1, 29.5, upstream={"marts/answers": "good"}),
        measured(2, trouble=("raw/mail: 3 h late", "it's — late"), upstream={"raw/mail": "late"}),
        measured(3, 28, definition="other"),
    ]
    for each in kept:
        measuring.append(lake, each)
    other = replace(kept[0], key_result="other")
    measuring.append(lake, other)
    assert measuring.counted(lake) == (4, on(3))
    assert reader.of("faster-answers") == kept
    assert reader.all()["other"] == [other]


def test_of_a_day_the_last_counts_and_what_differs(tmp_path: Path) -> None:
    lake = Warehouse(f"ducklake:///{tmp_path}/warehouse", memory_limit="256MB", threads=1)
    day = [
        measured(1.1, 29),
        measured(1.2, trouble=("late",)),
        measured(1.3, trouble=("later",)),
        measured(1.4, 28),
        measured(1.5, 27),
        measured(1.6, 26, definition="other"),
    ]
    for each in day:
        measuring.append(lake, each)
    with lake.reading() as connection:
        reader = Measured(lambda sql: connection.execute(sql).fetchall())
        assert reader.of(FASTER.id) == [day[2], day[4], day[5]]


def test_what_was_read_is_kept_for_some_seconds() -> None:
    asked: list[str] = []

    def read(sql: str) -> list[tuple[object, ...]]:
        asked.append(sql)
        return []

    kept, fresh = Measured(read), Measured(read, seconds=0)
    assert [kept.of("a"), kept.of("b"), kept.all()] == [[], [], {}] and len(asked) == 1
    fresh.all()
    fresh.all()
    assert len(asked) == 3


def test_a_warehouse_that_is_busy_is_no_empty_one() -> None:
    def read(sql: str) -> list[tuple[object, ...]]:
        raise QueryError("busy", "3 queries are running already.")

    with pytest.raises(PlatformError, match="can't be read: 3 queries are running already"):
        Measured(read).all()


def test_appends_of_several_threads_lose_nothing(tmp_path: Path) -> None:
    lake = Warehouse(f"ducklake:///{tmp_path}/warehouse", memory_limit="256MB", threads=1)
    many = [measured(1, float(i), at=on(1) + timedelta(seconds=i)) for i in range(24)]
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda each: measuring.append(lake, each), many))
    assert measuring.counted(lake)[0] == 24
