"""Leases of workers on a real Redis: who lives, who is gone, and what a cut network does."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest
import redis
from dagster._core.launcher import WorkerStatus

from platform_assets.server.interrupted import PROCESS_TAG
from platform_assets.server.launcher import WORKER_TAG, FreePlaces, QueueLauncher
from platform_assets.server.lease import READY, Lease, Leased
from platform_assets.server.workers import Worker, Workers, require, slots
from resources.errors import PlatformError
from tests.redis_server import PASSWORD, RedisServer, redis_server, start_redis

ONE = Worker("one", ("dagster",), 2)
TWO = Worker("two", ("dagster", "heavy"), 1)


@pytest.fixture
def server() -> RedisServer:
    """A Redis that holds nothing."""
    server = redis_server()
    redis.Redis.from_url(server.url).flushdb()
    return server


@pytest.fixture
def cut() -> Iterator[RedisServer]:
    """A Redis that the test may pause."""
    server = start_redis()
    yield server
    server.go_on()
    server.stop()


def test_a_worker_lives_as_long_as_it_says_so(server: RedisServer) -> None:
    workers = Workers(server.url, lease=1)
    workers.renew(ONE)
    assert workers.alive() == [ONE]
    workers.leave(ONE)
    assert workers.alive() == []
    workers.renew(ONE)
    deadline = time.monotonic() + 5
    while workers.alive() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert workers.alive() == []


def test_as_many_runs_are_let_go_as_workers_have_places(server: RedisServer) -> None:
    own = {"key": "platform/refresh", "limit": 1}
    coordinator = FreePlaces(server.url, 30, tag_concurrency_limits=[own])
    assert coordinator.get_run_queue_config().max_concurrent_runs == 0
    Workers(server.url, 30).renew(ONE)
    Workers(server.url, 30).renew(TWO)
    config = coordinator.get_run_queue_config()
    assert config.max_concurrent_runs == 3
    queue = "dagster-celery/queue"
    assert config.tag_concurrency_limits == [
        own,
        {"key": queue, "value": "dagster", "limit": 3},
        {"key": queue, "value": "heavy", "limit": 1},
    ]
    assert slots([ONE, TWO]) == {"dagster": 3, "heavy": 1}


def test_without_an_answer_nothing_is_let_go_and_nobody_is_given_up(cut: RedisServer) -> None:
    coordinator, launcher = FreePlaces(cut.url, 2), QueueLauncher(cut.url, 2)
    Workers(cut.url, 2).renew(ONE)
    cut.pause()
    assert coordinator.get_run_queue_config().max_concurrent_runs == 0
    with pytest.raises(redis.RedisError):
        launcher.check_run_worker_health(
            _run(**{WORKER_TAG: "gone", "dagster-celery/task_id": "1"})
        )


def _run(**tags: str) -> dg.DagsterRun:
    return dg.DagsterRun(job_name="job", status=dg.DagsterRunStatus.STARTED, tags=tags)


def health(launcher: QueueLauncher, **tags: str) -> tuple[WorkerStatus, str]:
    found = launcher.check_run_worker_health(_run(**tags))
    return found.status, found.msg or ""


def test_a_run_is_as_healthy_as_its_worker(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher, task = QueueLauncher(server.url, 30), "dagster-celery/task_id"
    monkeypatch.setattr(launcher.workers, "knows", lambda: True)
    launcher.workers.renew(ONE)
    alive, gone = {task: "t1", WORKER_TAG: "one"}, {task: "t1", WORKER_TAG: "other"}
    assert health(launcher, **alive) == (WorkerStatus.RUNNING, "")
    assert health(launcher, **gone) == (WorkerStatus.FAILED, "The worker other is gone.")
    monkeypatch.setattr(launcher.workers, "knows", lambda: False)  # Redis has just started
    assert health(launcher, **gone)[0] == WorkerStatus.RUNNING
    launcher.celery.backend.store_result("t2", RuntimeError("killed"), "FAILURE")
    assert health(launcher, **{**alive, task: "t2"})[0] == WorkerStatus.FAILED
    assert health(launcher, **{PROCESS_TAG: "1:1@elsewhere"})[0] == WorkerStatus.RUNNING
    assert health(launcher, **{PROCESS_TAG: "999999999:1"})[0] == WorkerStatus.FAILED


def test_why_a_run_does_not_start_is_told(server: RedisServer) -> None:
    launcher = QueueLauncher(server.url, 30)
    told = launcher.get_run_worker_debug_info(_run(**{"dagster-celery/queue": "heavy"}))
    assert told == (
        "No worker takes runs from the queue 'heavy'. "
        "Start one: platform-assets worker --queue heavy"
    )
    launcher.workers.renew(TWO)
    assert "two" in str(launcher.get_run_worker_debug_info(_run()))


def test_a_lease_is_given_up_before_others_take_its_runs(cut: RedisServer) -> None:
    lease = Lease(Workers(cut.url, lease=2), ONE)
    lease.keep()
    taken = time.monotonic()
    cut.pause()
    with pytest.raises(redis.RedisError):
        while time.monotonic() < taken + 10:
            lease.keep()
            time.sleep(0.02)
    assert time.monotonic() - taken < 2


class Sleeping(Leased):
    """A worker whose inner process says that it is ready and then sleeps."""

    inner: "subprocess.Popen[bytes]"

    def _start(self, worker: Worker) -> tuple["subprocess.Popen[bytes]", int]:
        reading, writing = os.pipe()
        os.write(writing, READY)
        os.close(writing)
        self.inner = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        return self.inner, reading


def test_a_cut_network_ends_the_work_and_the_worker_begins_anew(
    cut: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signal.signal", lambda *_: None)
    worker = Sleeping(Workers(cut.url, lease=2), ("dagster",), 1, "")
    told: list[Any] = []

    def ready(started: Worker) -> None:
        told.append(started.name)
        if len(told) == 1:
            cut.pause()
        else:
            worker.signals.extend([2, 2])

    def lost(_reason: str) -> None:
        told.append(worker.inner.poll())
        cut.go_on()

    worker.serve(ready, lost)
    first, killed, second = told
    assert killed == -9  # before anybody else was told
    assert first != second
    assert second not in {worker.name for worker in Workers(cut.url, 2).alive()}


@pytest.mark.parametrize("url", [f"redis://:{PASSWORD}@127.0.0.1:1/0", "gopher://:marker-pw@h"])
def test_a_queue_that_is_not_there_is_named_without_its_password(url: str) -> None:
    with pytest.raises(PlatformError) as told:
        require(url)
    assert "PLATFORM_QUEUE_URL" in str(told.value) and "marker" not in str(told.value)


def test_a_wrong_password_of_the_queue_is_told(server: RedisServer) -> None:
    with pytest.raises(PlatformError) as told:
        require(server.url.replace(PASSWORD, "wrong-marker"))
    assert "invalid username-password pair" in str(told.value).lower()
    assert "marker" not in str(told.value)
