"""Materializing from the command line: what is chosen, what is shown, what is returned."""

import signal
from pathlib import Path

import dagster as dg
import pytest

from platform_assets.cli import run
from tests.server.running import command, wait_for

DEFINITIONS = ["--definitions", "tests.cli.sample_definitions"]


def materialize(*arguments: str) -> int:
    return run(["materialize", *arguments, *DEFINITIONS])


@pytest.fixture(autouse=True)
def flags(project_data: Path) -> Path:
    project_data.mkdir()
    return project_data


def test_everything_is_materialized_and_shown_with_rows_and_seconds(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert materialize() == 0
    out = capfd.readouterr().out
    assert "raw/events" in out
    assert "12,345" in out
    assert "1.50" in out  # the asset's own measure, not that of its step
    assert "5 materialized, 0 failed, 0 skipped, 1 checks, 0 not passed" in out


def test_what_assets_print_goes_to_the_log_and_not_into_the_display(flags: Path) -> None:
    process = command(flags, "materialize", "raw/events", *DEFINITIONS)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert "1 materialized" in output
    assert "printed by" not in output
    assert "written by" not in output
    log = (flags / "logs" / "materialize.log").read_text()
    assert "materialize raw/events" in log
    assert "RUN_SUCCESS" in log


def test_a_failed_asset_skips_what_needs_it_and_nothing_else(
    capfd: pytest.CaptureFixture[str], flags: Path
) -> None:
    (flags / "fail").touch()
    assert materialize() == 1
    out = capfd.readouterr().out
    assert "ValueError: the model is wrong\ncaused by ZeroDivisionError: division by zero" in out
    assert "2 materialized, 1 failed, 2 skipped" in out
    assert "Traceback" not in out


def test_an_error_for_people_is_shown_without_its_class(
    capfd: pytest.CaptureFixture[str], flags: Path
) -> None:
    (flags / "refuse").touch()
    assert materialize("marts/other") == 1
    out = capfd.readouterr().out
    assert "✗ marts/other\nThere is no such place.\nName another one." in out


@pytest.mark.parametrize(("severity", "code"), [("warn", 0), ("error", 1)])
def test_a_check_fails_the_command_only_with_severity_error(
    capfd: pytest.CaptureFixture[str], flags: Path, severity: str, code: int
) -> None:
    (flags / severity).touch()
    assert materialize("raw/events") == code
    assert f"{severity.upper()} raw/events complete: 3 of 4 rows" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("selection", "count"),
    [
        ("raw/events", 1),
        ("raw/events+", 5),
        ("raw/events+1", 3),
        ("+marts/daily", 3),
        ('key:"marts/*"', 3),
        ('key:"raw/events"+ and not key:"marts/*"', 2),
    ],
)
def test_selections_are_dagsters(
    capfd: pytest.CaptureFixture[str], selection: str, count: int
) -> None:
    materialize(selection)
    assert f"{count} materialized" in capfd.readouterr().out.splitlines()[-1]


def test_an_asset_reads_what_another_run_stored() -> None:
    assert materialize("+marts/daily") == 0
    assert materialize("marts/weekly") == 0


def test_missing_takes_what_was_never_materialized_and_what_is_below_it(
    capfd: pytest.CaptureFixture[str], flags: Path
) -> None:
    (flags / "fail").touch()
    materialize()
    (flags / "fail").unlink()
    capfd.readouterr()
    assert materialize("--missing") == 0
    assert "3 materialized" in capfd.readouterr().out
    assert materialize("--missing") == 0
    assert "Nothing is missing." in capfd.readouterr().out


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        ("marts/dayly", "matches `marts/dayly`. Did you mean marts/daily"),
        ("key:(", "The selection `key:(` is wrong"),
        ("group:nobody", "No asset that can be materialized matches `group:nobody`"),
    ],
)
def test_a_wrong_selection_is_explained(
    capfd: pytest.CaptureFixture[str], selection: str, words: str
) -> None:
    assert materialize(selection) == 2
    err = capfd.readouterr().err
    assert words in err
    assert "Examples: raw/web_events+" in err
    assert "Traceback" not in err


def test_the_run_is_in_the_instance_that_the_server_shows(flags: Path) -> None:
    assert materialize("raw/events", "--full-refresh") == 0
    with dg.DagsterInstance.from_config(str(flags / "dagster")) as instance:
        (found,) = instance.get_runs()
        assert found.is_success
        assert found.tags["platform/full_refresh"] == "true"
        assert instance.get_latest_materialization_event(dg.AssetKey(["raw", "events"]))


def test_an_interrupted_run_says_so_and_the_next_one_goes_on(flags: Path) -> None:
    (flags / "hold").touch()
    process = command(flags, "materialize", "--definitions", "tests.server.tiny_definitions")
    wait_for((flags / "slow.txt").exists)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "✗ slow\nInterrupted." in output
    assert "Traceback" not in output
    (flags / "hold").unlink()
    again = command(
        flags, "materialize", "--missing", "--definitions", "tests.server.tiny_definitions"
    )
    output, _ = again.communicate(timeout=60)
    assert "2 materialized, 0 failed" in output
