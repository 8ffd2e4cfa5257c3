"""The guard: secrets that this process knows do not get out, by whichever way text leaves it."""

import io
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy
from dagster._utils.error import serializable_error_info_from_exc_info

from platform_assets.cli import run
from platform_assets.server import guard
from resources.errors import PlatformError
from resources.settings import secret_values, settings
from tests.object_store import SECRET, object_store
from tests.servers import postgresql

MARKER = "marker-pw-1"
SAMPLE = "tests.cli.sample_definitions"


@pytest.fixture
def guarded(project_data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process that knows a secret of a source, with its guard up."""
    os.environ["SHOP_PASSWORD"] = MARKER
    settings.cache_clear()
    make = logging.getLogRecordFactory()
    monkeypatch.setattr(guard, "_installed", False)
    guard.install_in_dagster()
    yield
    logging.setLogRecordFactory(make)


def test_what_is_secret_is_known_from_settings_and_from_names(project_data: Path) -> None:
    os.environ |= {
        "SHOP_URL": "mysql://u:first%40one@h/d",
        "CRM_API_KEY": "second-one",
        "PLATFORM_DAGSTER_URL": "postgresql://u:third-one@h/d",
        "AWS_SECRET_ACCESS_KEY": "fourth-one",
        "PLATFORM_SPARK_URL": "sc://h:1/;use_ssl=true;token=fifth-one;user_id=u",
        "AWS_ACCESS_KEY_ID": "shown",
    }
    settings.cache_clear()
    found = secret_values()
    assert {"first%40one", "second-one", "third-one", "fourth-one", "fifth-one"} <= found
    assert "shown" not in found
    assert MARKER not in repr(settings())
    assert not [s for s in ("third-one", "fourth-one", "fifth-one") if s in repr(settings())]


def test_an_error_for_people_has_no_secret_in_it(guarded: None) -> None:
    error = PlatformError(f"refused {MARKER}", hint=f"not {MARKER}")
    assert (error.message, error.hint, str(error)) == (
        "refused ***",
        "not ***",
        "refused ***\nnot ***",
    )


def test_a_log_has_none_neither_in_words_nor_in_tracebacks(guarded: None) -> None:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    log = logging.getLogger("of_a_library")
    log.addHandler(handler)
    try:
        log.error("at %s with %d", f"mysql://u:{MARKER}@h", 3)
        try:
            raise ValueError(MARKER)
        except ValueError:
            log.exception("failed")
    finally:
        log.removeHandler(handler)
    told = out.getvalue()
    assert "at mysql://u:***@h with 3" in told and "ValueError: ***" in told
    assert MARKER not in told


def test_an_error_that_nobody_catches_has_none(
    guarded: None, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        raise ValueError(MARKER)
    except ValueError as error:
        guard._print_safely(type(error), error, error.__traceback__)
    assert capsys.readouterr().err.endswith("ValueError: ***\n")


def test_an_error_of_dagster_has_none_wherever_it_is_shown(guarded: None) -> None:
    try:
        try:
            raise ValueError(MARKER)
        except ValueError as error:
            raise RuntimeError(f"because of {MARKER}") from error
    except RuntimeError:
        told = serializable_error_info_from_exc_info(sys.exc_info())
    assert told.message == "RuntimeError: because of ***\n"
    assert told.cause is not None and told.cause.message == "ValueError: ***\n"
    assert MARKER not in told.to_string()


def test_metadata_and_logs_of_a_run_have_none(guarded: None, project_data: Path) -> None:
    from platform_assets.server.home import Home

    Home.from_settings().enter()

    @dg.asset
    def orders(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        context.log.info(f"reading with {MARKER}")
        return dg.MaterializeResult(metadata={"url": f"mysql://u:{MARKER}@h", "note": MARKER})

    with dg.DagsterInstance.get() as instance:
        assert dg.materialize([orders], instance=instance).success
        event = instance.get_latest_materialization_event(dg.AssetKey("orders"))
    assert event is not None and event.asset_materialization is not None
    shown = {k: v.value for k, v in event.asset_materialization.metadata.items()}
    assert (shown["url"], shown["note"]) == ("mysql://u:***@h", "***")
    assert holding(project_data, MARKER) == []


def holding(folder: Path, *secrets: str) -> list[Path]:
    """Return the files below `folder` with one of `secrets` in them."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [f for f in files if any(secret.encode() in f.read_bytes() for secret in secrets)]


def _wrong(kind: str) -> dict[str, str]:
    """Return settings that fail, with a marker for each password."""
    server = sqlalchemy.make_url(postgresql().url("postgres"))
    refused = server.set(password=MARKER).render_as_string(hide_password=False)
    lake = refused.replace("postgresql+psycopg2", "ducklake+postgresql")
    right = server.set(drivername="ducklake+postgresql").render_as_string(hide_password=False)
    return {
        "storage down": {"PLATFORM_DAGSTER_URL": f"postgresql://u:{MARKER}@127.0.0.1:1/d"},
        "storage refuses": {"PLATFORM_DAGSTER_URL": refused},
        "storage is none": {"PLATFORM_DAGSTER_URL": f"u:{MARKER}@h"},
        "queue down": {
            "PLATFORM_DAGSTER_URL": server.render_as_string(hide_password=False),
            "PLATFORM_QUEUE_URL": f"redis://:{MARKER}@127.0.0.1:1/0",
        },
        "warehouse refuses": {"PLATFORM_WAREHOUSE_URL": f"{lake}?files=/nowhere"},
        "warehouse is none": {"PLATFORM_WAREHOUSE_URL": f"gopher://u:{MARKER}@h/d"},
        "no bucket": {
            **object_store().environment(),
            "PLATFORM_WAREHOUSE_URL": f"{right}?files=s3://no-such-bucket-1/x",
        },
        "a number is none": {"PLATFORM_THREADS": f"mysql://u:{MARKER}@h"},
    }[kind]


@pytest.mark.parametrize(
    "kind",
    [
        "storage down",
        "storage refuses",
        "storage is none",
        "queue down",
        "warehouse refuses",
        "warehouse is none",
        "no bucket",
        "a number is none",
    ],
)
def test_a_setting_that_fails_tells_no_password(
    project_data: Path, capfd: pytest.CaptureFixture[str], kind: str
) -> None:
    os.environ.update(_wrong(kind))
    settings.cache_clear()
    command = ["query", "SELECT 1"] if "ware" in kind or "bucket" in kind else ["materialize"]
    assert run([*command, *(["--definitions", SAMPLE] if len(command) == 1 else [])]) != 0
    told = "".join(capfd.readouterr())
    assert told.strip()
    secrets = (MARKER, SECRET, "p@ss/word", "p%40ss%2Fword")
    assert [secret for secret in secrets if secret in told] == []
    assert holding(project_data, *secrets) == []
