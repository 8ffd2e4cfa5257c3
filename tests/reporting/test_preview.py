"""A report while it is written, and the report that a new one starts from."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy
from starlette.testclient import TestClient

from platform_assets.reporting import ReportDeclaration, ReportError, check, starting
from platform_assets.reporting.preview import Preview
from platform_assets.reporting.preview_server import application
from resources.settings import settings
from resources.warehouse import Warehouse

TEXT = """Hello.

```parameters
least: {type: number, default: 1}
```

```sql q
select count(*) as n from marts.t where x >= :least
```

```sql other
select max(x) as top from marts.t
```

{{ q.n }} rows, at most {{ other.top }}.
"""


@pytest.fixture
def preview(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Preview]:
    """Return a preview of a report on nine rows, not watching."""
    monkeypatch.setenv("PLATFORM_DATA_DIR", str(tmp_path / "data"))
    settings.cache_clear()
    warehouse = Warehouse(f"ducklake:///{tmp_path}/lake", "500MB")
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE marts.t AS SELECT x FROM range(1, 10) r(x)")
    folder = tmp_path / "sales"
    folder.mkdir()
    (folder / "defs.yaml").write_text(
        "type: platform_assets.components.Report\nattributes: {title: Sales, owner: team:data}\n"
    )
    (folder / "report.md").write_text(TEXT)
    made = Preview(folder, warehouse)
    yield made
    made.end()
    settings.cache_clear()


def edit(preview: Preview, old: str, new: str) -> None:
    """Save the report with a change."""
    path = preview.folder / "report.md"
    path.write_text(path.read_text().replace(old, new))


def test_editing_prose_runs_no_query_again_and_new_data_runs_them_all(preview: Preview) -> None:
    preview.make()
    assert "9 rows, at most 9." in preview.html
    assert preview._engine is not None
    ran: list[str] = []

    @sqlalchemy.event.listens_for(preview._engine, "before_cursor_execute")
    def note(*arguments: object) -> None:
        ran.append(str(arguments[2]))

    edit(preview, "Hello.", "Good day.")
    preview.make()
    assert "Good day." in preview.html
    assert not [sql for sql in ran if "marts.t" in sql]
    assert preview.state.seconds < 1
    edit(preview, "max(x)", "min(x)")
    preview.make()
    assert "9 rows, at most 1." in preview.html
    assert len([sql for sql in ran if "marts.t" in sql]) == 1
    with preview.warehouse.write() as connection:
        connection.execute("INSERT INTO marts.t VALUES (50)")
    preview.make()
    assert "10 rows" in preview.html


def test_a_mistake_is_shown_in_its_place_and_the_rest_of_the_page_stands(preview: Preview) -> None:
    edit(preview, "count(*) as n", "count(y) as n")
    edit(preview, "{{ q.n }} rows", "Rest stands.\n\n```table\nquery: other\n```\n\n{{ q.n }} rows")
    preview.make()
    assert preview.state.mistake is None
    assert "This part can&#39;t be shown" in preview.html or "can't be shown" in preview.html
    assert "there is no column `y`" in preview.html
    assert "sales/report.md, line 8" in preview.html
    assert "Traceback" not in preview.html
    assert "Top</th>" in preview.html


def test_what_can_not_be_read_leaves_the_page_before_and_shows_the_lines(preview: Preview) -> None:
    preview.make()
    edit(preview, "```sql other", "```table\nquery: q\ncolums: [n]\n```\n\n```sql other")
    preview.make()
    mistake = preview.state.mistake
    assert mistake is not None
    assert "a table has no setting `colums`" in mistake.message
    assert mistake.hint == "Did you mean `columns`?"
    assert [line[1] for line in mistake.lines if line[2]] == ["colums: [n]"]
    assert "9 rows" in preview.html


def test_a_save_is_seen_and_told_to_who_waits(preview: Preview) -> None:
    watching = threading.Thread(target=preview.watch, daemon=True)
    watching.start()
    first = preview.wait(0, 20)
    assert first.number == 1
    edit(preview, "Hello.", "Good day.")
    assert preview.wait(1, 20).number == 2
    assert "Good day." in preview.html
    preview.end()
    watching.join(5)
    assert not watching.is_alive()


def test_the_preview_is_served_to_this_machine_with_any_values(preview: Preview) -> None:
    preview.make()
    client = TestClient(application(preview), base_url="http://127.0.0.1")
    assert 'src="/page"' in client.get("/").text
    assert "9 rows" in client.get("/page").text
    assert "3 rows" in client.get("/page?least=7").text
    wrong = client.get("/page?least=<b>")
    assert (wrong.status_code, "<b>" in wrong.text) == (400, False)
    assert client.get("/news?after=0").json() == {
        "number": 1,
        "seconds": preview.state.seconds,
        "mistake": None,
    }
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400


def test_a_new_report_is_right_as_it_stands_and_overwrites_nothing(tmp_path: Path) -> None:
    made = starting.write(tmp_path, "returns_by_country")
    assert [path.name for path in made] == ["defs.yaml", "report.md"]
    report = ReportDeclaration.load(tmp_path / "returns_by_country")
    assert report.title == "Returns by country"
    check(report, {"marts.daily_revenue": ["date", "orders", "revenue"]})
    with pytest.raises(ReportError, match="there is a report `returns_by_country` already"):
        starting.write(tmp_path, "returns_by_country")
    for name in ("../x", "Aber", "9lives", "", "a b"):
        with pytest.raises(ReportError, match="is no name for a report"):
            starting.write(tmp_path, name)
    assert len(list(tmp_path.iterdir())) == 1
