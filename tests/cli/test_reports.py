"""The commands for those who write reports."""

from pathlib import Path

import pytest

from platform_assets.cli import run
from platform_assets.reporting import live


def test_a_new_report_is_written_once_and_a_wrong_name_is_told(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(live, "folder", lambda: tmp_path)
    assert run(["new", "report", "returns_by_country"]) == 0
    assert "platform-assets preview returns_by_country" in capfd.readouterr().out
    assert (tmp_path / "reports" / "returns_by_country" / "report.md").exists()
    assert run(["new", "report", "returns_by_country"]) == 2
    assert "there is a report `returns_by_country` already" in capfd.readouterr().err
    assert run(["new", "report", "Returns!"]) == 2
    assert "is no name for a report" in capfd.readouterr().err
    assert run(["preview", "return_by_country"]) == 2
    told = capfd.readouterr().err
    assert "There is no report `return_by_country`" in told
    assert "Did you mean `returns_by_country`?" in told
