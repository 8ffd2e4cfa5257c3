"""Errors worth reading: one clear message with the way out, and no traceback."""

import os
import shutil
from pathlib import Path

import pytest

from platform_assets.cli import COMMANDS, run
from resources.settings import PROJECT_ROOT, settings


def failed(capfd: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return what a command that must fail says on standard error."""
    settings.cache_clear()
    assert run(list(arguments)) == 2
    err = capfd.readouterr().err
    assert "Traceback" not in err
    return err


@pytest.mark.parametrize("command", ["up", "demo", "materialize"])
def test_a_data_folder_that_cannot_be_written(
    project_data: Path, capfd: pytest.CaptureFixture[str], command: str
) -> None:
    project_data.write_text("a file")
    err = failed(capfd, command)
    assert f"The data folder {project_data} cannot be written" in err
    assert "PLATFORM_DATA_DIR" in err


@pytest.mark.parametrize("command", ["up", "demo"])
def test_a_landing_zone_that_is_not_there(
    project_data: Path, capfd: pytest.CaptureFixture[str], command: str
) -> None:
    os.environ["PLATFORM_LANDING_URL"] = str(project_data / "nowhere")
    err = failed(capfd, command)
    assert f"The landing zone {project_data / 'nowhere'} does not exist" in err
    assert "PLATFORM_LANDING_URL" in err


def test_a_landing_zone_of_a_kind_that_nobody_knows(
    project_data: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    os.environ["PLATFORM_LANDING_URL"] = "gopher://files/in"
    assert "gopher" in failed(capfd, "demo")


def test_a_setting_that_is_no_number(project_data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    os.environ["PLATFORM_THREADS"] = "many"
    assert "PLATFORM_THREADS=many: Input should be a valid integer" in failed(capfd, "demo")


def test_definitions_that_do_not_load(
    project_data: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    err = failed(capfd, "materialize", "--definitions", "tests.cli.broken_definitions")
    assert "The definitions do not load:\nValueError: raw/orders has no owner: sources" in err


def test_an_unknown_command_or_option(capfd: pytest.CaptureFixture[str]) -> None:
    assert "No such command 'serv'" in failed(capfd, "serv")
    assert "No such option" in failed(capfd, "up", "--prot", "1")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_is_worth_reading(
    capfd: pytest.CaptureFixture[str], command: str
) -> None:
    assert run([command, "--help"]) == 0
    out = capfd.readouterr().out
    assert len(out.splitlines()) > 10
    assert run(["--help"]) == 0
    assert f"\n  {command} " in capfd.readouterr().out


def _model(folder: Path, name: str) -> Path:
    """Copy the dbt project, have the settings name the copy, and return one file of it."""
    shutil.copytree(PROJECT_ROOT / "dbt", folder, ignore=shutil.ignore_patterns("target", "logs"))
    os.environ["PLATFORM_DBT_DIR"] = str(folder)
    return next(folder.rglob(name))


def _failed_model(capfd: pytest.CaptureFixture[str], selection: str) -> str:
    settings.cache_clear()
    assert run(["materialize", selection, "--definitions", "platform_assets.definitions"]) == 1
    out = capfd.readouterr().out
    assert "Traceback" not in out and 'File "' not in out
    return " ".join(out.split())


def test_a_mistake_in_sql_is_told_with_its_model_and_line(
    project_data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    seed = _model(tmp_path / "dbt", "stg_shop_products.sql")
    seed.write_text("{{ config(materialized='table') }}\nselect\n    1 as one,\n    twoo\n")
    said = _failed_model(capfd, 'key:"staging/stg_shop_products"')
    assert "models/staging/commerce/stg_shop_products.sql" in said
    assert 'Referenced column "twoo" was not found' in said


def test_a_broken_contract_is_told_with_the_column(
    project_data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model = _model(tmp_path / "dbt", "dim_products.sql")
    model.write_text("select 1 as product_id")
    said = _failed_model(capfd, 'key:"marts/dim_products"')
    assert "models/marts/commerce/dim_products.sql" in said
    assert "enforced contract that failed" in said and "missing in definition" in said
