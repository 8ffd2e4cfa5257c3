"""The query page, its CSV, its suggestions, and the report that comes of it."""

import csv
import io
import re
from pathlib import Path
from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient

from platform_assets import reporting
from platform_assets.catalog import answers, chart, completion, drafts
from platform_assets.components.report import Report
from resources.errors import PlatformError
from tests.catalog.world import ORIGIN, company

SQL = "SELECT channel, sum(revenue) AS revenue FROM marts.fct_orders GROUP BY 1 ORDER BY 1"
KNOWN: dict[str, list[str]] = {"marts.fct_orders": []}
GIVEN = {
    "name": "channels", "title": "Channels: who's #1?", "question": "Which channel is best?",
    "owner": "team:data", "domain": "commerce", "sql": SQL,
}  # fmt: skip


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "reports"
    folder.mkdir()
    monkeypatch.setattr(drafts, "reports_folder", lambda: folder)
    return folder


def test_a_query_in_the_address_shows_rows_chart_and_csv(client: TestClient) -> None:
    text = client.get("/catalog/query", params={"sql": SQL}).text
    assert "channel 1" in text and '<svg class="chart"' in text
    assert "/catalog/query.csv?sql=SELECT" in text and "∅" in text


def test_an_error_is_shown_beside_the_query_with_the_nearest_name(client: TestClient) -> None:
    answer = client.get("/catalog/query", params={"sql": "SELECT revenu FROM marts.fct_orders"})
    assert answer.status_code == 400
    assert "Did you mean &#34;revenue&#34;" in answer.text
    assert ">SELECT revenu FROM marts.fct_orders</textarea>" in answer.text


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_csv_cells_that_a_spreadsheet_would_run_are_defused(client: TestClient, start: str) -> None:
    sql = f"SELECT chr({ord(start)}) || 'SUM(A1)' AS \"=x\", -5 AS n, ['=1'] AS l"
    answer = client.get("/catalog/query.csv", params={"sql": sql})
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert rows == [["'=x", "n", "l"], [f"'{start}SUM(A1)", "-5", '["=1"]']]
    assert "attachment" in answer.headers["content-disposition"]


def test_json_has_types_and_whether_there_is_more(client: TestClient) -> None:
    told = client.get("/catalog/query.json", params={"sql": "SELECT 1.5 AS a"}).json()
    assert told["columns"] == [{"name": "a", "type": "DECIMAL(2,1)"}]
    assert told["rows"] == [[1.5]] and told["truncated"] is False


def words(sql: str, word: str) -> list[str]:
    return [each["text"] for each in completion.complete(company(), sql, word)]


def test_suggestions_know_tables_columns_and_aliases() -> None:
    assert words("SELECT * FROM marts.f", "marts.f") == ["marts.fct_orders"]
    assert (
        words("SELECT * FROM ord", "ord")[0] == "staging.stg_orders" or "fct" in words("", "ord")[0]
    )
    assert words("SELECT rev FROM marts.fct_orders", "rev") == ["revenue"]
    assert words("SELECT o.r FROM marts.fct_orders AS o", "o.r")[0] == "o.revenue"
    assert words("SELECT x FROM marts.fct_orders WHERE c", "cha") == ["channel"]
    assert words("", "sele") == ["SELECT"]
    assert words("", "") == []


def test_bars_and_lines_are_chosen_by_type() -> None:
    bars = chart.draw([("c", "VARCHAR"), ("n", "BIGINT")], [["a", 1], ["b", -2], ["c", None]])
    assert bars is not None and bars["kind"] == "bar" and len(bars["bars"]) == 3
    assert bars["bars"][1]["x"] < bars["zero"]
    rows = [["2026-01-02", 5, "1.50"], ["2026-01-01", 3, None], ["2026-01-03", 9, "2.25"]]
    lines = chart.draw([("d", "DATE"), ("n", "BIGINT"), ("m", "DECIMAL(9,2)")], rows)
    assert lines is not None and lines["kind"] == "line"
    assert [s["name"] for s in lines["series"]] == ["n", "m"]
    assert lines["names"][0]["label"] == "2026-01-01"
    assert lines["series"][1]["path"].count("M") == 1
    assert chart.draw([("c", "VARCHAR")], [["a"], ["b"]]) is None
    assert chart.draw([("d", "DATE"), ("n", "BIGINT")], [["2026-01-01", None]] * 3) is None


def test_a_draft_is_a_report_that_loads(tmp_path: Path) -> None:
    import yaml

    found = drafts.draft(GIVEN, KNOWN)
    declared = yaml.safe_load(found.declaration)
    assert declared["type"] == "platform_assets.components.Report"
    Report.model_validate(declared["attributes"])
    assert declared["attributes"]["title"] == "Channels: who's #1?"
    (tmp_path / "report.md").write_text(found.page)
    declaration = reporting.ReportDeclaration(
        name="channels", title="x", document=tmp_path / "report.md"
    )
    assert reporting.tables(declaration) == ["marts/fct_orders"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "../evil"}, {"name": "a/b"}, {"name": "Name"}, {"name": ""}, {"name": "a" * 64},
        {"name": "x\n"}, {"owner": ""}, {"owner": "nobody"}, {"owner": "a@b.c\nx: 1"},
        {"domain": "a b"}, {"title": "two\nlines"}, {"question": "a\u2028b"}, {"sql": ""},
        {"sql": "SELECT 1\n```\n# x"}, {"sql": "DROP TABLE marts.fct_orders"},
        {"sql": "SELECT * FROM marts.none"}, {"sql": "SELECT 1; SELECT 2"}, {"sql": "SELEC 1"},
    ],
)  # fmt: skip
def test_what_would_break_the_definitions_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(PlatformError):
        drafts.draft({**GIVEN, **wrong}, KNOWN)


def send(client: TestClient, given: dict[str, str], **headers: str) -> object:
    body = urlencode({"token": answers.TOKEN, **given})
    kind = {"content-type": "application/x-www-form-urlencoded"}
    return client.post("/catalog/query/report", content=body, headers={**kind, **headers})


def test_the_form_writes_a_report_once(client: TestClient, reports: Path) -> None:
    made = send(client, GIVEN, origin=ORIGIN)
    assert made.status_code == 201
    assert "platform-assets preview channels" in made.text
    assert sorted(p.name for p in (reports / "channels").iterdir()) == ["defs.yaml", "report.md"]
    assert SQL in (reports / "channels" / "report.md").read_text()
    again = send(client, GIVEN, origin=ORIGIN)
    assert again.status_code == 400 and "There is a report channels already" in again.text
    assert [p.name for p in reports.iterdir()] == ["channels"]


def test_a_mistake_in_the_form_keeps_what_was_filled_in(client: TestClient, reports: Path) -> None:
    answer = send(client, {**GIVEN, "owner": "nobody"}, origin=ORIGIN)
    assert answer.status_code == 400
    assert 'value="channels"' in answer.text and "an e-mail address" in answer.text
    assert list(reports.iterdir()) == []


@pytest.mark.parametrize(
    "headers",
    [
        {}, {"origin": "https://evil.example"}, {"origin": "null"},
        {"origin": "http://testserver.evil.example"}, {"origin": "http://testserver@evil.example"},
    ],
)  # fmt: skip
def test_a_form_from_elsewhere_is_refused_and_writes_nothing(
    client: TestClient, reports: Path, headers: dict[str, str]
) -> None:
    answer = send(client, GIVEN, **headers)
    assert answer.status_code == 403 and "<!doctype html>" in answer.text
    assert list(reports.iterdir()) == []


@pytest.mark.parametrize(
    "token", ["", "x", "ä", answers.TOKEN + "x"], ids=["none", "short", "not ASCII", "longer"]
)
def test_a_form_without_the_token_is_refused(client: TestClient, reports: Path, token: str) -> None:
    assert send(client, {**GIVEN, "token": token}, origin=ORIGIN).status_code == 403
    assert list(reports.iterdir()) == []


def test_a_form_too_large_is_refused(client: TestClient, reports: Path) -> None:
    assert send(client, {**GIVEN, "sql": "x" * 300_000}, origin=ORIGIN).status_code == 413


def test_a_project_that_cannot_be_written_offers_the_files(
    client: TestClient, reports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts, "writable", lambda: False)
    page = send(client, GIVEN, origin=ORIGIN)
    assert page.status_code == 200 and list(reports.iterdir()) == []
    links = re.findall(r'href="(/catalog/query/report/[^"]+)"', page.text)
    files = [client.get(link.replace("&amp;", "&")) for link in links]
    assert [f.status_code for f in files] == [200, 200]
    assert "team:data" in files[0].text and SQL in files[1].text
