"""Settings: what they mean where nobody has set them."""

import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from resources import settings as module
from resources.settings import PROJECT_ROOT, Settings, settings


def test_a_folder_is_seen_from_the_project_wherever_a_command_is_started(
    project_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLATFORM_DATA_DIR", "elsewhere")
    monkeypatch.chdir(tmp_path)
    settings.cache_clear()
    assert settings().data == PROJECT_ROOT / "elsewhere"
    assert settings().landing == str(PROJECT_ROOT / "elsewhere" / "landing")
    assert settings().warehouse == f"ducklake:///{PROJECT_ROOT}/elsewhere/warehouse"


def test_models_may_use_half_of_the_memory_unless_it_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_machine_memory", lambda: 64 * 10**9)
    assert Settings().model_memory == "32000MB"
    assert Settings(model_memory_limit="3GB").model_memory == "3GB"
    monkeypatch.setattr(module, "_machine_memory", lambda: 10**9)
    assert Settings().model_memory == "2000MB"


def test_a_container_has_no_more_memory_than_it_was_given() -> None:
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert 0 < module._machine_memory() <= whole


def test_what_others_tell_is_kept_where_dagsters_history_is(tmp_path: Path) -> None:
    alone = Settings(data_dir=tmp_path)
    assert alone.lineage == f"sqlite:///{tmp_path}/lineage/received.sqlite"
    shared = Settings(dagster_url=SecretStr("postgresql://u:p@db/dagster"))
    assert shared.lineage == "postgresql://u:p@db/dagster"
    own = shared.model_copy(update={"lineage_url": SecretStr("postgresql://u:p@db/lineage")})
    assert own.lineage == "postgresql://u:p@db/lineage"
