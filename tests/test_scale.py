"""The plan for larger companies says what is computed, and what engines are known not to do."""

import pytest

from benchmarks import simulation
from resources.settings import PROJECT_ROOT
from tests.engines import gaps

DOCUMENT = (PROJECT_ROOT / "docs" / "scale.md").read_text()


@pytest.mark.parametrize("table", [simulation.table, simulation.walls, gaps.table])
def test_the_document_has_the_tables_that_are_computed(table: object) -> None:
    assert callable(table)
    found = table()
    assert found in DOCUMENT, f"docs/scale.md must say:\n{found}"


def test_more_workers_keep_files_fresher_and_one_alone_queues() -> None:
    landed = [0.0, 0.0, 0.0, 10.0]
    assert simulation.waiting(landed, 5.0, 1) == 15.0
    assert simulation.waiting(landed, 5.0, 3) == 5.0
    assert simulation.arrivals(50) == simulation.arrivals(50) == sorted(simulation.arrivals(50))


def test_who_waits_is_what_erlangs_formula_says() -> None:
    assert simulation.erlang_c(0.5, 1) == pytest.approx(0.5)  # one server: as often as it is busy
    assert simulation.erlang_c(8.0, 10) == pytest.approx(0.4092, abs=1e-4)  # published tables


def test_more_of_everything_needs_no_less_of_anything() -> None:
    numbers = simulation.measured()
    small, large = simulation.COMPANIES[0], simulation.COMPANIES[-1]
    assert simulation.load_workers(small, numbers)[0] <= simulation.load_workers(large, numbers)[0]
    assert simulation.query_cores(small, numbers) <= simulation.query_cores(large, numbers)
