"""SQL of key results and metrics, judged before anything runs."""

from pathlib import Path

from platform_assets.components.product_checks import problems
from platform_assets.product import curated
from tests.product.curated_files import write

KNOWN = {"marts.orders": ("id", "day"), "raw.shop__orders": ("id",)}


def test_sql_that_can_run_is_no_problem(tmp_path: Path) -> None:
    assert problems(curated.read(write(tmp_path), tmp_path), KNOWN) == []


def test_a_column_that_is_not_there_is_told_with_its_line(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        ("objectives/grow.md", "SELECT max(day) AS day", "SELECT max(dya) AS day"),
        ("metrics/orders.md", "count(*) FROM marts.orders", "sum(amount) FROM marts.orders"),
    )
    column, other = problems(curated.read(folder, tmp_path), KNOWN)
    assert column.startswith("objectives/grow.md, line 13: ") and "Did you mean `day`?" in column
    assert other.startswith("metrics/orders.md, line 6: ") and "amount" in other


def test_a_table_that_is_not_there_is_told(tmp_path: Path) -> None:
    folder = write(tmp_path, ("metrics/orders.md", "marts.orders", "marts.order"))
    (only,) = problems(curated.read(folder, tmp_path), KNOWN)
    assert "there is no table marts.order" in only and "marts.orders" in only
