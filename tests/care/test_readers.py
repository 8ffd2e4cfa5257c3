"""How much assets are used, as the warehouse and a server's own counts tell it together."""

from datetime import timedelta

import pytest

from platform_assets.care.readers import Used, used
from resources.warehouse.sandbox import QueryError

DAY = timedelta(days=1)


def test_use_is_read_from_the_mart() -> None:
    rows = [["report/review", 40, 71], ["raw/orders", 0, 90], ["marts/new", None, None]]
    found = used(lambda sql: rows)
    assert found.looks == {"report/review": 40, "raw/orders": 0, "marts/new": 0}
    assert found.recorded == 90 * DAY


def test_without_the_mart_nothing_is_known_and_a_warehouse_that_is_away_says_so() -> None:
    def refuse(kind: str) -> Used:
        def read(sql: str) -> list[list[object]]:
            raise QueryError(kind, "no")

        return used(read)

    assert refuse("refused") == refuse("unavailable") == Used()
    with pytest.raises(QueryError):
        refuse("busy")


def test_of_two_records_of_the_same_use_the_larger_counts() -> None:
    both = Used({"a": 3, "b": 1}, 9 * DAY).beside(Used({"b": 2}, 70 * DAY))
    assert both == Used({"a": 3, "b": 2}, 70 * DAY)
