"""The files of a version, and what changed between two."""

import csv
import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import sqlalchemy

from platform_assets.reporting import (
    RenderContext,
    ReportDeclaration,
    ReportError,
    render,
    versions,
)
from platform_assets.reporting.versions import Version, compare

MakeReport = Callable[..., ReportDeclaration]

TEXT = """# Sales of *all*

```parameters
least: {type: number, default: 5, label: At least}
```

```sql days
select date, revenue, orders, day(date) > 15 as late, date + interval 1 hour as at
from marts.daily_revenue where orders > :least order by date
```

```sql last
select max(revenue) as revenue, min(revenue) as lowest, sum(orders) as orders, 'x' as word from days
```

```sql notes
select order_id, note from marts.fct_orders order by order_id
```

```sql steps
select 'Visit' as step, 90 as n union all select 'Order', 30
```

Highest **{{ last.revenue | eur(2) }}** with `code`, word {{ last.word }}, least {{ least }}.

- one
- [two](https://example.org/)

> quoted

| a | b |
|---|---|
| 1 | 2 |

```numbers
- {label: Revenue, value: last.revenue, format: eur, compare: {Lowest: last.lowest}}
```

```chart
{type: line, query: days, x: date, y: {revenue: Revenue, orders: Orders}, title: Per day <b>}
```

```chart
{type: bar, query: notes, x: note, y: order_id, width: half}
```

```funnel
{query: steps, step: step, value: n, width: half}
```

```table
query: days
limit: 10
columns: {date: Day, revenue: {format: eur, total: sum}, orders: {total: average}}
```
"""


@pytest.fixture(scope="module")
def edition(engine: sqlalchemy.Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of one version."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "report.md").write_text(TEXT)
    report = ReportDeclaration(
        name="sales", title="Sales & more", document=folder / "report.md", data_time="days.date"
    )
    made = datetime(2026, 1, 31, 6, 30, tzinfo=UTC)
    context = RenderContext(
        "team:data", "at most 26 hours old", made, "run-1", snapshot=7, stale=("Orders are late.",)
    )
    return render(report, engine, folder / "out", context=context).version_path


def test_a_version_holds_page_pdf_pictures_rows_and_facts(edition: Path) -> None:
    assert sorted(path.name for path in edition.iterdir()) == [
        "days.csv",
        "days.parquet",
        "days.png",
        "index.html",
        "last.csv",
        "last.parquet",
        "notes.csv",
        "notes.parquet",
        "notes.png",
        "report.json",
        "report.pdf",
        "steps.csv",
        "steps.parquet",
    ]
    for name in ("days", "notes"):
        picture = (edition / f"{name}.png").read_bytes()
        assert picture.startswith(b"\x89PNG")
        assert int.from_bytes(picture[16:20], "big") > 900  # pixels wide


def test_rows_are_kept_exactly_and_formulas_are_defused(edition: Path) -> None:
    table = pq.read_table(edition / "days.parquet")
    assert table.num_rows == 30
    assert str(table.schema.field("revenue").type).startswith("decimal128")
    assert str(table.schema.field("date").type) == "date32[day]"
    with (edition / "notes.csv").open(encoding="utf-8-sig", newline="") as source:
        rows = list(csv.reader(source))
    assert rows[2] == ["2", '\'=HYPERLINK("http://evil.example")']
    with (edition / "days.csv").open(encoding="utf-8-sig", newline="") as source:
        assert len(list(csv.reader(source))) == 31


def test_the_pdf_says_what_the_page_says(edition: Path) -> None:
    assert (edition / "report.pdf").read_bytes().startswith(b"%PDF-")
    if shutil.which("pdftotext"):
        command = ["pdftotext", "-layout", str(edition / "report.pdf"), "-"]
        text = subprocess.run(command, capture_output=True, check=True).stdout.decode()
        for words in ("Sales & more", "€1,300.50", "Orders are late.", "Per day <b>", "of all"):
            assert words in text


def test_the_facts_name_origin_parameters_and_every_number(edition: Path) -> None:
    facts = json.loads((edition / "report.json").read_text("utf-8"))
    assert facts["owner"] == "team:data"
    assert facts["data_time"] == "2026-01-01"
    assert (facts["snapshot"], facts["run_id"]) == (7, "run-1")
    assert facts["parameters"] == {"least": "5"}
    assert facts["queries"] == {"days": 30, "last": 1, "notes": 2, "steps": 2}
    shown = {one["key"]: (one["label"], one["text"], one["value"]) for one in facts["numbers"]}
    assert shown == {
        "last.revenue": ("Revenue", "€1,301", "1300.50"),
        "last.lowest": ("Revenue, Lowest", "€1,011", "1010.50"),
        "last.word": ("Word (last)", "x", None),
        "funnel:steps.Visit": ("Visit", "90", "90"),
        "funnel:steps.Order": ("Order", "30", "30"),
        "total:days.revenue": ("Revenue, total of days", "€34,665", "34665.00"),
        "total:days.orders": ("Orders, total of days", "35.50", "35.5"),
    }


def make(name: str, numbers: list[dict[str, Any]]) -> Version:
    """Return a version that shows `numbers`."""
    facts = {"made": versions.made(name).isoformat(), "numbers": numbers, "snapshot": 3}
    version = versions.parse(name, json.dumps(facts).encode())
    assert version is not None
    return version


def shown(key: str, text: str, value: str | None) -> dict[str, Any]:
    """Return a number as `report.json` has it."""
    return {"key": key, "label": key.upper(), "text": text, "value": value, "format": "auto"}


def test_two_versions_are_compared_number_by_number() -> None:
    old = make(
        "2026-01-01T000000Z",
        [shown("a", "€100", "100"), shown("b", "x", None), shown("gone", "1", "1"),
         shown("z", "0", "0"), shown("m", "-4", "-4")],
    )  # fmt: skip
    new = make(
        "2026-01-08T000000Z",
        [shown("a", "€125", "125"), shown("b", "y", None), shown("new", "2", "2"),
         shown("z", "5", "5"), shown("m", "-6", "-6")],
    )  # fmt: skip
    found = {one.key: one for one in compare(old, new)}
    assert list(found) == ["a", "b", "new", "z", "m", "gone"]
    assert (found["a"].before, found["a"].after) == ("€100", "€125")
    assert (found["a"].difference, found["a"].relative) == (25, Decimal("0.25"))
    assert found["a"].relative_text == "+25.0%"
    assert (found["b"].difference, found["b"].changed) == (None, True)
    assert (found["z"].difference, found["z"].relative) == (5, None)
    assert (found["m"].difference, found["m"].relative) == (-2, Decimal("-0.5"))
    assert (found["new"].before, found["new"].after) == (None, "2")
    assert (found["gone"].before, found["gone"].after) == ("1", None)
    assert not any(one.changed for one in compare(old, old))


@pytest.mark.parametrize("facts", [b"", b"{}", b"[]", b'{"made": "soon"}', b"\xff"])
def test_what_has_no_facts_is_no_version(facts: bytes) -> None:
    assert versions.parse("2026-01-10T000000Z", facts) is None


def test_a_chart_that_can_not_be_printed_leaves_no_version(
    make_report: MakeReport,
    engine: sqlalchemy.Engine,
    tmp_path: Path,
    context: RenderContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "platform_assets.reporting.picture.framed", lambda *_: "<svg this is no drawing"
    )
    text = "```sql q\nselect 1 as a\n```\n```chart\n{type: bar, query: q, x: a, y: a}\n```\n"
    with pytest.raises(ReportError, match="pictures and PDF could not be made"):
        render(make_report(text), engine, tmp_path / "out", context=replace(context, run_id="x"))
    assert list((tmp_path / "out" / "sales").iterdir()) == []
