"""Declarations are checked before anything starts, and not again while no file changes."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from platform_assets.cli import run
from platform_assets.commands import declarations
from platform_assets.server.home import Home
from resources.dbt import DbtProject
from resources.settings import settings

RUN = ["check", "--declarations"]
REPORT = """type: platform_assets.components.Report
attributes:
  owner: team:data
  domain: platform
  title: Rows
  description: Rows that were refused.
  freshness: {fail: 26h}
"""


@pytest.fixture
def project(tmp_path: Path, project_data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of declarations with one report, which the settings name."""
    folder = tmp_path / "declared_here"
    (folder / "rows").mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "rows" / "defs.yaml").write_text(REPORT)
    report(folder, "SELECT count(*) AS n FROM platform.quarantine")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PLATFORM_DEFS_MODULE", folder.name)
    monkeypatch.setattr(DbtProject, "manifest", lambda self: {"nodes": {}, "sources": {}})
    settings.cache_clear()
    yield folder
    for name in list(sys.modules):
        if name.startswith((folder.name, "platform_assets.definitions")):
            del sys.modules[name]


def report(project: Path, sql: str) -> None:
    """Write the report with its only query."""
    block = "```numbers\ncards:\n  - {label: Rows, value: kpi.n}\n```\n"
    (project / "rows" / "report.md").write_text(f"# Rows\n\n```sql kpi\n{sql}\n```\n\n{block}")


def test_a_report_that_names_a_wrong_column_is_a_fault_with_its_line(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    report(project, "SELECT count(*) AS n\nFROM platform.quarantine\nWHERE lin > 1")
    assert run(RUN) == 1
    err = capfd.readouterr().err
    assert "rows/report.md, line 6: query `kpi`: there is no column `lin`." in err
    assert "Did you mean `line`?" in err and "Traceback" not in err
    report(project, "SELECT count(*) AS n FROM platform.quarantine")
    assert run(RUN) == 0


def test_a_declaration_that_does_not_load_is_a_fault_with_its_line(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = project / "rows" / "defs.yaml"
    file.write_text(REPORT.replace("owner", "onwer"))
    assert run(RUN) == 1
    assert f"{file}:3: attributes.onwer: there is no such field" in capfd.readouterr().err


def test_what_was_good_is_checked_again_when_a_file_of_it_changes(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, asked = [0, 1, 0], []
    monkeypatch.setattr(declarations, "CODE", ())
    monkeypatch.setattr(declarations, "run_command", lambda a: asked.append(a) or answers.pop(0))
    home = Home.from_settings()
    home.prepare()
    for _ in range(2):
        declarations.require(home, "a.module")
    assert asked == [[*RUN, "--definitions", "a.module"]]
    (project / "rows" / "more.yaml").touch()
    with pytest.raises(click.exceptions.Exit) as ended:
        declarations.require(home, "a.module")
    assert ended.value.exit_code == 1
    declarations.require(home, "a.module")
    assert len(asked) == 3
