"""A small lake and a maker of reports, for the tests of this room."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy

from platform_assets.reporting import RenderContext, ReportDeclaration
from platform_assets.reporting.svg import Drawer
from resources.warehouse import Warehouse

MakeReport = Callable[..., ReportDeclaration]


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> sqlalchemy.Engine:
    """Return the read-only engine of a lake with thirty days of two small marts."""
    warehouse = Warehouse(f"ducklake:///{tmp_path_factory.mktemp('lake')}", memory_limit="500MB")
    with warehouse.write() as connection:
        connection.execute(
            "CREATE TABLE marts.daily_revenue AS SELECT CAST(d AS DATE) AS date, "
            "CAST(1000.50 + 10 * row_number() OVER (ORDER BY d) AS DECIMAL(12,2)) AS revenue, "
            "20 + row_number() OVER (ORDER BY d) AS orders "
            "FROM range(TIMESTAMP '2026-01-01', TIMESTAMP '2026-01-31', INTERVAL 1 DAY) t(d)"
        )
        connection.execute("CREATE TABLE marts.fct_orders (order_id BIGINT, note VARCHAR)")
        connection.execute(
            "INSERT INTO marts.fct_orders VALUES (1, ?), (2, ?)",
            ["<script>alert(1)</script>", '=HYPERLINK("http://evil.example")'],
        )
    return warehouse.engine()


@pytest.fixture(scope="session")
def drawer() -> Iterator[Drawer]:
    """Return a drawing process for all tests."""
    with Drawer() as drawer:
        yield drawer


@pytest.fixture
def make_report(tmp_path: Path) -> MakeReport:
    """Return a maker of a declared report from its Markdown."""

    def make(text: str, *, data_time: str | None = None, title: str = "Sales") -> ReportDeclaration:
        folder = tmp_path / "sales"
        folder.mkdir(exist_ok=True)
        (folder / "report.md").write_text(text, encoding="utf-8")
        return ReportDeclaration(
            name="sales", title=title, document=folder / "report.md", data_time=data_time
        )

    return make


@pytest.fixture
def context() -> RenderContext:
    """Return what a page is told when all is well."""
    return RenderContext(
        owner="team:data",
        freshness="at most 26h old",
        generated_at=datetime(2026, 1, 31, 6, 30, tzinfo=UTC),
        run_id="0123456789abcdef",
        snapshot=7,
    )
