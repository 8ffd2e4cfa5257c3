"""What a change of the project touches: compared, told, and with which exit code."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from platform_assets.catalog.impact import markdown, states, told
from platform_assets.catalog.impact.compare import Impact, compare
from platform_assets.catalog.impact.state import Described, State, Thing, dump, load
from platform_assets.cli import run
from platform_assets.commands.impact import impact
from platform_assets.lineage.columns import trace
from platform_assets.lineage.meaning import meaning
from platform_assets.lineage.model import Statement
from resources.errors import PlatformError
from resources.settings import PROJECT_ROOT

STG = "SELECT id, total, tax, status FROM raw.orders"
MART = "SELECT id, total - tax AS revenue, status FROM staging.stg_orders"
KPI = "SELECT sum(revenue) AS revenue FROM marts.fct_orders"
TYPES = {"id": "bigint", "total": "decimal(18,2)", "tax": "decimal(18,2)", "status": "varchar"}


def state(
    stg: str = STG,
    mart: str | None = MART,
    kpi: str = KPI,
    types: Mapping[str, str] = TYPES,
    contract: bool = True,
) -> State:
    """A shop: raw.orders → staging.stg_orders → marts.fct_orders → the report `revenue`."""
    statements = [Statement("staging/stg_orders", "staging.stg_orders", stg)]
    if mart:
        statements.append(Statement("marts/fct_orders", "marts.fct_orders", mart))
    statements.append(Statement("report/revenue#kpi", "", kpi))
    lineage = trace(statements, {"raw.orders": types})
    things = {
        "raw/orders": Thing(
            "raw/orders", "orders", "source", "raw.orders", ("shop@example.com",),
            columns={name: Described(name, kind) for name, kind in types.items()}, complete=True,
        ),
        "report/revenue": Thing(
            "report/revenue", "Revenue review", "report", "", ("team:data",), "Management",
            ("marts/fct_orders",),
        ),
    }  # fmt: skip
    for key, parent, promised in (
        ("staging/stg_orders", "raw/orders", False),
        ("marts/fct_orders", "staging/stg_orders", contract),
    ):
        if key in lineage:
            columns = {n.lower(): Described(n, types.get(n, "")) for n in lineage[key].columns}
            things[key] = Thing(
                key, key.partition("/")[2], "table", key.replace("/", "."), ("team:data",), "",
                (parent,), columns, True, promised,
            )  # fmt: skip
    meanings = {one.key: meaning(one.sql) for one in statements}
    return State(things, lineage, meanings)


def told_of(found: Impact) -> list[tuple[str, str, str, bool]]:
    return [(c.key, c.column, c.kind, bool(c.broken)) for c in found.changes]


def test_the_same_project_touches_nothing() -> None:
    found = compare(state(), state(stg=STG.lower() + " -- the same"))
    assert found.changes == () and found.hits == ()
    assert told.headline(found) == "This changes nothing in what the data are or mean."


def test_a_new_column_is_an_addition_and_hits_nobody() -> None:
    found = compare(state(), state(mart=MART.replace("status", "status, 1 AS one")))
    assert told_of(found) == [("marts/fct_orders", "one", "added", False)]
    assert found.touching == () and found.hits == () and found.owners == ()


def test_another_expression_hits_the_report_and_breaks_nothing() -> None:
    found = compare(state(), state(mart=MART.replace("total - tax", "total")))
    assert told_of(found) == [("marts/fct_orders", "revenue", "meaning", False)]
    assert [(h.thing.label, h.columns) for h in found.reports] == [
        ("Revenue review", ("revenue (kpi)",))
    ]
    text = told.text(found)
    assert "revenue means something else now: it was total - tax and is total" in text
    assert "for Management" in text and "Tell: data team" in text


def test_a_filter_is_told_in_plain_words_and_touches_all_downstream() -> None:
    found = compare(state(), state(stg=f"{STG} WHERE status <> 'cancelled'"))
    assert told_of(found) == [("staging/stg_orders", "", "rows", False)]
    assert "now only rows that are not cancelled" in told.text(found)
    assert {h.thing.key for h in found.hits} == {"marts/fct_orders", "report/revenue"}


def test_a_promised_column_that_is_gone_violates_the_contract() -> None:
    found = compare(state(), state(mart=MART.replace(", status", "")))
    assert told_of(found) == [("marts/fct_orders", "status", "removed", True)]
    assert "its contract promised it" in found.broken[0].broken


def test_a_used_column_that_is_gone_breaks_what_still_reads_it() -> None:
    found = compare(state(), state(stg=STG.replace("tax, ", "")))
    (gone,) = [c for c in found.changes if c.kind == "removed"]
    assert (gone.column, gone.users) == ("tax", ("fct_orders",))
    assert gone.broken == "it is gone, and is used by fct_orders"


def test_a_column_that_went_with_its_readers_breaks_nothing() -> None:
    mart = MART.replace("total - tax", "total")
    found = compare(state(), state(stg=STG.replace("tax, ", ""), mart=mart))
    assert ("staging/stg_orders", "tax", "removed", False) in told_of(found)
    assert found.broken == ()


def test_another_type_breaks_what_uses_it() -> None:
    found = compare(state(), state(types={**TYPES, "total": "double"}))
    kinds = {(c.key, c.column, c.before, c.after) for c in found.broken if c.kind == "retyped"}
    assert ("raw/orders", "total", "decimal(18,2)", "double") in kinds


def test_a_table_that_is_gone_breaks_its_readers() -> None:
    found = compare(state(), state(mart=None))
    (gone,) = [c for c in found.changes if c.kind == "removed"]
    assert gone.key == "marts/fct_orders" and gone.broken


def test_a_contract_that_is_taken_off_is_a_violation() -> None:
    found = compare(state(), state(contract=False))
    assert told_of(found) == [("marts/fct_orders", "", "promise", True)]


def test_a_report_s_own_query_is_compared_too() -> None:
    found = compare(state(), state(kpi=KPI.replace("sum", "avg")))
    assert told_of(found) == [("report/revenue#kpi", "revenue", "meaning", False)]
    assert [h.thing.label for h in found.reports] == ["Revenue review"]
    assert "Revenue review (report/revenue), query kpi" in told.text(found)


def test_what_reads_a_change_in_an_unknown_way_is_told_as_perhaps() -> None:
    before, after = state(), state(mart=MART.replace("total - tax", "total"))
    mart = "marts/by_python"
    thing = Thing(mart, "by_python", "table", "marts.by_python", parents=("marts/fct_orders",))
    unknown = replace(after.lineage["marts/fct_orders"], key=mart, table="", problem="Python")
    states_ = [
        State({**s.things, mart: thing}, {**s.lineage, mart: unknown}, s.meanings)
        for s in (before, after)
    ]
    found = compare(*states_)
    (hit,) = [h for h in found.hits if h.thing.key == mart]
    assert not hit.sure and told.touched(hit).startswith("perhaps")


def test_columns_that_become_personal_share_a_sentence() -> None:
    after = state()
    raw = after.things["raw/orders"]
    tagged = {n: replace(c, personal=n in ("total", "tax")) for n, c in raw.columns.items()}
    things = {**after.things, "raw/orders": replace(raw, columns=tagged)}
    found = compare(state(), State(things, after.lineage, after.meanings))
    assert found.broken == () and found.hits == ()
    assert "  ~ total, tax are personal data" in told.text(found)
    assert "  - `total`, `tax` are personal data" in markdown.text(found, "main")


def test_markdown_names_what_breaks_first_and_escapes_cells() -> None:
    after = state(mart="SELECT id, total AS revenue FROM staging.stg_orders")
    report = replace(after.things["report/revenue"], audience="Sales | Ops")
    after = State({**after.things, "report/revenue": report}, after.lineage, after.meanings)
    text = markdown.text(compare(state(), after), "main")
    assert text.startswith(markdown.MARK)
    assert text.index("#### Breaks") < text.index("#### Changes")
    assert "- **marts/fct_orders**: `status` is gone (its contract promised it" in text
    assert "| Revenue review | Sales \\| Ops | data team | revenue |" in text
    assert "Compared with `main`" in text


def test_markdown_fits_a_comment() -> None:
    many = ", ".join(f"1 AS a_column_with_a_long_name_{n}" for n in range(3000))
    text = markdown.text(compare(state(), state(mart=f"{MART[:6]} {many}, {MART[7:]}")), "main")
    assert len(text) < 65_536


def test_a_state_survives_as_json() -> None:
    assert load(dump(state())) == state()


@pytest.mark.parametrize(
    ("after", "arguments", "code"),
    [
        (state(), [], 0),
        (state(mart=MART.replace("status", "status, 1 AS one")), [], 0),
        (state(mart=MART.replace("total - tax", "total")), [], 0),
        (state(mart=MART.replace("total - tax", "total")), ["--strict"], 1),
        (state(mart=MART.replace(", status", "")), [], 1),
    ],
    ids=["nothing", "additions", "meaning", "strict", "contract"],
)
def test_the_exit_code_is_for_ci(
    monkeypatch: pytest.MonkeyPatch, after: State, arguments: list[str], code: int
) -> None:
    monkeypatch.setattr(states, "both", lambda base: (state(), after))
    for style in ("text", "markdown", "json"):
        done = CliRunner().invoke(impact, ["--base", "main", "--format", style, *arguments])
        assert done.exit_code == code, done.output
        if style == "json":
            assert (json.loads(done.output)["broken"] > 0) == (code == 1 and not arguments)


def git(*arguments: str) -> bool:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=PROJECT_ROOT, capture_output=True, check=False
        )
    except OSError:
        return False
    return done.returncode == 0


in_repository = pytest.mark.skipif(not git("rev-parse", "HEAD"), reason="no git repository")


@in_repository
@pytest.mark.parametrize("ref", ["no-such-branch", "--help", "HEAD:dbt"])
def test_an_unknown_commit_is_an_error_that_says_so(
    ref: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["impact", f"--base={ref}"]) == 2
    assert f"There is no commit `{ref}` here." in capsys.readouterr().err


def test_without_git_it_can_not_be_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(states.shutil, "which", lambda name: None)
    assert run(["impact", "--base", "main"]) == 2
    assert "There is no git" in capsys.readouterr().err


def test_outside_of_a_repository_it_can_not_be_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(states, "PROJECT_ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    with pytest.raises(PlatformError, match="no git repository"):
        states.both("main")


@in_repository
def test_a_commit_of_the_project_is_read_without_data_and_compared(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    states._take_out("HEAD", tree)
    model = tree / "dbt" / "models" / "marts" / "commerce" / "fct_orders.sql"
    model.write_text(model.read_text().replace("    coupon,\n", "    coupon,\n    1 as gone,\n"))
    before = states._read(tree, tmp_path / "before", {}, "HEAD")
    assert before.things["marts/fct_orders"].contract
    assert "gone" in before.lineage["marts/fct_orders"].columns
    found = before.lineage["report/weekly_business_review#kpi"].columns["revenue"]
    assert {edge.source.table for edge in found} >= {"marts.daily_revenue"}

    (tree / "dbt" / "models" / "broken.sql").write_text("{{ ref('nothing_of_this_name') }}")
    with pytest.raises(
        PlatformError, match=r"(?s)The state of HEAD can't be read.*nothing_of_this"
    ):
        states._read(tree, tmp_path / "broken", {}, "HEAD")
