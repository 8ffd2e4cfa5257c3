"""Runs whose process is gone are failed; runs whose process lives are left alone."""

import socket
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from platform_assets.server.interrupted import (
    PROCESS_TAG,
    QUEUED_TAG,
    fail_interrupted_runs,
    process_tag,
)

STATUS = dg.DagsterRunStatus


@dg.op
def nothing() -> None:
    pass


@dg.job
def empty() -> None:
    nothing()


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        yield instance


def run(instance: dg.DagsterInstance, status: STATUS, **tags: str) -> str:
    return instance.create_run_for_job(empty, status=status, tags=tags).run_id


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (STATUS.STARTED, STATUS.FAILURE),
        (STATUS.STARTING, STATUS.FAILURE),
        (STATUS.NOT_STARTED, STATUS.FAILURE),
        (STATUS.CANCELING, STATUS.CANCELED),
        (STATUS.SUCCESS, STATUS.SUCCESS),
    ],
)
def test_a_run_without_a_process_gets_the_status_it_deserves(
    instance: dg.DagsterInstance, before: STATUS, after: STATUS
) -> None:
    known = run(instance, before)
    changed = fail_interrupted_runs(instance)
    found = instance.get_run_by_id(known)
    assert found is not None
    assert found.status == after
    assert changed == ([known] if before != after else [])


def test_a_run_of_a_command_that_still_works_is_left_alone(instance: dg.DagsterInstance) -> None:
    run(instance, STATUS.STARTED, **{PROCESS_TAG: process_tag()})
    assert fail_interrupted_runs(instance) == []


def test_a_run_of_another_machine_or_of_a_worker_is_left_alone(
    instance: dg.DagsterInstance,
) -> None:
    run(instance, STATUS.STARTED, **{PROCESS_TAG: "1:1@another-machine"})
    run(instance, STATUS.STARTED, **{QUEUED_TAG: "5b2a"})
    assert fail_interrupted_runs(instance) == []


@pytest.mark.parametrize(
    "tag", ["999999999:1", f"1:1@{socket.gethostname()}", "1:1", "", "rubbish", "x:y"]
)
def test_a_run_of_a_command_that_is_gone_is_failed(instance: dg.DagsterInstance, tag: str) -> None:
    gone = run(instance, STATUS.STARTED, **{PROCESS_TAG: tag})
    assert fail_interrupted_runs(instance) == [gone]
