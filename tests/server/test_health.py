"""Health and readiness: what is asked, how often, what is told, and what is not."""

import os
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest
import sqlalchemy
from dagster._daemon.types import DaemonHeartbeat
from starlette.applications import Starlette
from starlette.testclient import TestClient

from platform_assets.cli import run
from platform_assets.server import health_pages, readiness, vital_signs
from platform_assets.server.connection import Address
from platform_assets.server.home import Home
from platform_assets.server.readiness import Readiness
from platform_assets.server.workers import Worker, Workers
from resources.errors import PlatformError
from resources.settings import settings
from resources.warehouse import Warehouse
from tests.object_store import start_object_store
from tests.ports import free_port
from tests.redis_server import redis_server
from tests.servers import start_postgresql


def client(**probes: Any) -> TestClient:
    return TestClient(Starlette(routes=health_pages.routes(Readiness(probes))))


def fails(error: Exception) -> Any:
    def ask() -> str:
        raise error

    return ask


def test_health_asks_for_nothing() -> None:
    answer = client(storage=fails(RuntimeError("down"))).get("/health")
    assert (answer.status_code, answer.json()) == (200, {"alive": True})


def test_ready_tells_of_each_thing_and_why_not() -> None:
    answer = client(storage=lambda: "answers", landing=fails(PlatformError("gone", hint="look")))
    ready = answer.get("/ready")
    assert ready.status_code == 503
    assert ready.json() == {
        "ready": False,
        "checks": {
            "storage": {"ok": True, "says": "answers"},
            "landing": {"ok": False, "says": "gone"},
        },
    }
    assert answer.get("/ready?checks=storage").status_code == 200
    unknown = answer.get("/ready?checks=stroage")
    assert unknown.status_code == 400 and "storage, landing" in unknown.json()["error"]


def test_a_question_is_asked_once_a_second_and_not_again_while_it_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, release = [], threading.Event()

    def hangs() -> str:
        asked.append(1)
        release.wait(20)
        return "answers"

    counted = []
    monkeypatch.setattr(readiness, "PATIENCE_SECONDS", 0.2)
    pages = client(slow=hangs, quick=lambda: str(counted.append(1)))
    for _ in range(3):
        report = pages.get("/ready").json()
        assert report["checks"]["slow"]["says"].startswith("no answer for")
        assert report["checks"]["quick"]["ok"]
    assert len(asked) == 1 and len(counted) == 1
    release.set()
    deadline = time.monotonic() + 5
    while not pages.get("/ready").json()["ready"] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert pages.get("/ready").json()["ready"]


def test_no_password_is_told(project_data: Path) -> None:
    os.environ["SHOP_PASSWORD"] = "marker-pw-1"
    settings.cache_clear()
    words = "postgresql://u:other@h refused marker-pw-1 and password=third"
    told = client(storage=fails(RuntimeError(words))).get("/ready").json()
    assert told["checks"]["storage"]["says"] == (
        "postgresql://u:***@h refused *** and password=***"
    )


def test_the_daemon_is_missed(project_data: Path) -> None:
    Home.from_settings().enter()
    with dg.DagsterInstance.get() as instance:
        context = SimpleNamespace(instance=instance)
        for age, well in ((400.0, False), (20.0, True)):
            beat = DaemonHeartbeat(time.time() - age, "SENSOR", "id")
            instance.run_storage.add_daemon_heartbeat(beat)
            if well:
                assert readiness._daemon(context) == "a daemon works"
                assert vital_signs.daemon(settings()) == ""
            else:
                with pytest.raises(PlatformError, match="for 7 minutes"):
                    readiness._daemon(context)
                assert vital_signs.daemon(settings()) == "no daemon was heard of for 7 minutes"


def test_a_spark_that_does_not_answer_is_told() -> None:
    with pytest.raises(PlatformError, match=r"127\.0\.0\.1"):
        readiness._spark(f"sc://127.0.0.1:{free_port()}")


def test_silence_is_measured_in_utc() -> None:
    now = datetime.now(UTC)
    assert vital_signs.silence(now - timedelta(seconds=250)) == ""
    assert vital_signs.silence(now + timedelta(seconds=120)) == ""  # a clock that is ahead
    assert vital_signs.silence(now - timedelta(hours=1)) == "no daemon was heard of for 60 minutes"


def test_a_team_s_lake_that_goes_away_is_told(
    project_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog, store = start_postgresql(), start_object_store()
    try:
        os.environ.update(store.environment())
        os.environ["AWS_MAX_ATTEMPTS"] = "1"
        url = sqlalchemy.make_url(catalog.new_database()).set(drivername="ducklake+postgresql")
        bucket = store.new_bucket()
        url = url.update_query_dict({"files": bucket})
        os.environ["PLATFORM_WAREHOUSE_URL"] = url.render_as_string(hide_password=False)
        os.environ["PLATFORM_LANDING_URL"] = f"{bucket}/landing"
        settings.cache_clear()
        warehouse = Warehouse.from_settings()
        monkeypatch.setattr(readiness, "PATIENCE_SECONDS", 3.0)
        probes = {
            "warehouse": lambda: readiness._warehouse(warehouse),
            "landing": lambda: readiness._landing(settings().landing),
        }
        pages = client(**probes)
        assert pages.get("/ready").json()["ready"]
        catalog.stop()
        time.sleep(readiness.KEPT_SECONDS)
        report = pages.get("/ready").json()["checks"]
        assert not report["warehouse"]["ok"] and report["landing"]["ok"]
        store.stop()
        time.sleep(readiness.KEPT_SECONDS)
        report = pages.get("/ready").json()["checks"]
        assert not report["landing"]["ok"]
        assert "p@ss" not in str(report) and "s3cret" not in str(report)
    finally:
        catalog.stop()
        store.stop()


@pytest.mark.parametrize("part", ["web", "code", "daemon", "worker"])
def test_a_part_that_does_not_live_is_told_with_the_reason(
    project_data: Path, capfd: pytest.CaptureFixture[str], part: str
) -> None:
    os.environ["PLATFORM_QUEUE_URL"] = redis_server().url
    settings.cache_clear()
    assert run(["health", part, "--address", f"127.0.0.1:{free_port()}"]) == 1
    said = capfd.readouterr().out.strip()
    assert said and said != "alive" and "marker" not in said


def test_a_worker_of_this_machine_lives(
    project_data: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    os.environ["PLATFORM_QUEUE_URL"] = redis_server().url
    settings.cache_clear()
    workers = Workers(redis_server().url, 30)
    mine = Worker(f"platform@{os.uname().nodename}-1a2b", ("dagster",), 1)
    workers.renew(mine)
    try:
        assert run(["health", "worker"]) == 0
        assert readiness._workers(settings()) == "1 workers with 1 places"
    finally:
        workers.leave(mine)
    with pytest.raises(PlatformError, match="no worker takes runs"):
        readiness._workers(settings())


@pytest.mark.parametrize("text", ["code", "code:", ":4000", "code:x"])
def test_an_address_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(PlatformError, match="no address of a code server"):
        Address.parse(text)


def test_addresses() -> None:
    assert Address.parse("code:4000") == Address(host="code", port=4000)
    assert Address.parse("[::1]:4000") == Address(host="::1", port=4000)
    assert Address.parse("/run/code.sock") == Address(socket="/run/code.sock")
