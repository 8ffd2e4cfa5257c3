"""A page with other parameters, made in a process of its own."""

import time
from pathlib import Path

import pytest

from platform_assets.reporting import ReportDeclaration, ReportError, live
from resources.settings import settings
from resources.warehouse import Warehouse

TEXT = """```parameters
least: {type: number, default: 1, max: 9}
```

```sql q
select count(*) as n from marts.t where x >= :least
```

{{ q.n }} rows.
"""
SLOW = """```sql q
select count(*) as n from range(10000000000) a, range(1000) b
```

{{ q.n }}
"""


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ReportDeclaration:
    """Return a report on a table of nine rows, in a data folder of its own."""
    monkeypatch.setenv("PLATFORM_DATA_DIR", str(tmp_path / "data"))
    settings.cache_clear()
    with Warehouse(f"ducklake:///{tmp_path}/data/warehouse", "500MB").write() as connection:
        connection.execute("CREATE TABLE marts.t AS SELECT x FROM range(1, 10) r(x)")
    return declared(tmp_path / "reports" / "sales", TEXT)


@pytest.fixture(autouse=True)
def settings_as_before() -> object:
    """Have the settings read again after each test."""
    yield None
    settings.cache_clear()


def declared(folder: Path, text: str) -> ReportDeclaration:
    """Return a report that stands in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "defs.yaml").write_text(
        "type: platform_assets.components.Report\n"
        "attributes: {title: Sales, owner: team:data, freshness: {fail: 26h}}\n"
    )
    (folder / "report.md").write_text(text)
    return ReportDeclaration.load(folder)


def test_a_page_is_made_with_the_values_given_and_nothing_is_written(
    report: ReportDeclaration, tmp_path: Path
) -> None:
    page = live.render(report, {"least": "4"})
    assert "6</span> rows." in page
    assert 'name="least" value="4"' in page
    assert 'action="/catalog/report/sales/live"' in page
    assert "at most 26 hours old" in page
    assert not (tmp_path / "data" / "reports").exists()
    with pytest.raises(ReportError, match="Least: at most 9"):
        live.render(report, {"least": "10"})
    assert "9</span> rows." in live.fill(report, {"least": ""})


def test_a_page_that_takes_too_long_is_given_up(report: ReportDeclaration) -> None:
    slow = declared(report.document.parent, SLOW)
    begun = time.monotonic()
    with pytest.raises(ReportError, match="longer than 3 seconds"):
        live.render(slow, {}, seconds=3)
    assert time.monotonic() - begun < 10


def test_a_report_that_is_none_is_answered_with_the_nearest() -> None:
    with pytest.raises(ReportError, match="Did you mean `weekly_business_review`"):
        live.render("weekly_busines_review", {})
    with pytest.raises(ReportError, match="There is no report"):
        live.render("../../etc", {})
