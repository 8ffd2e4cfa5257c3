"""A platform that really runs, in processes of its own, and the way to talk to it."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psutil

from resources.settings import PROJECT_ROOT
from tests.ports import free_port

TINY = "tests.server.tiny_definitions"
LAUNCH = """mutation($p: ExecutionParams!) {
  launchRun(executionParams: $p) { __typename ... on LaunchRunSuccess { run { runId } } } }"""
RUNS = """{ runsOrError { ... on Runs { results { runId rootRunId status stepKeysToExecute
  tags { key value } } } } }"""
FAILURES = """query($run: ID!) { logsForRun(runId: $run) { ... on EventConnection { events {
  ... on ExecutionStepFailureEvent { stepKey error { message errorChain { error { message } } } }
  ... on RunFailureEvent { message } } } } }"""
TICKS = """query($sensor: SensorSelector!) { sensorOrError(sensorSelector: $sensor) {
  ... on Sensor { sensorState { ticks(limit: 3) { status skipReason error { message } } } } } }"""
SELECTED = {"repositoryName": "__repository__", "repositoryLocationName": "platform"}
RELOAD = """mutation { reloadRepositoryLocation(repositoryLocationName: "platform") {
  __typename } }"""


def command(
    data: Path, *arguments: str, stdout: int | IO[str] = subprocess.PIPE, **environment: str
) -> subprocess.Popen[str]:
    """Start `platform-assets <arguments>` on a data folder."""
    return subprocess.Popen(
        [sys.executable, "-m", "platform_assets.cli", *arguments],
        cwd=PROJECT_ROOT,
        env={**os.environ, "PLATFORM_DATA_DIR": str(data), **environment},
        stdout=stdout,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for(condition: Callable[[], Any], seconds: float = 90) -> Any:
    """Return what `condition()` returns, as soon as that is true."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
    return value


def processes_of(data: Path) -> list[psutil.Process]:
    """Return every process that was started for a data folder, however deep."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("PLATFORM_DATA_DIR") == str(data):
                found.append(process)
        except psutil.Error:
            continue
    return [p for p in found if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def runs_module(process: psutil.Process, module: str) -> bool:
    """Return whether a process was started with `python -m <module>`; one that is gone was not."""
    try:
        return module in process.cmdline()
    except psutil.Error:
        return False


@dataclass
class Running:
    """A platform started by `up`."""

    data: Path
    port: int
    process: subprocess.Popen[str]
    printed: list[str]

    @classmethod
    def start(cls, data: Path, definitions: str = TINY, **environment: str) -> "Running":
        """Start `up` and return as soon as it says that it serves."""
        port = free_port()
        options = ["--port", str(port), "--no-sample", "--definitions", definitions]
        running = cls(data, port, command(data, "up", *options, **environment), [])
        assert running.process.stdout is not None
        for line in running.process.stdout:
            running.printed.append(line)
            if "Ctrl-C stops" in line:
                return running
        raise AssertionError("".join(running.printed))

    def get(self, path: str) -> bytes:
        """Return the body of a page."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
            return bytes(answer.read())

    def graphql(self, query: str, **variables: Any) -> Any:
        """Return the data of a GraphQL answer."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql",
            json.dumps({"query": query, "variables": variables}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)["data"]

    def launch(self, *assets: str) -> str:
        """Ask for a run of these assets, or of every one; return its id."""
        selector: dict[str, Any] = {**SELECTED, "jobName": "__ASSET_JOB"}
        if assets:
            selector["assetSelection"] = [{"path": key.split("/")} for key in assets]
        launched = self.graphql(LAUNCH, p={"selector": selector, "runConfigData": {}})
        return str(launched["launchRun"]["run"]["runId"])

    def runs(self) -> dict[str, Any]:
        """Return every run by its id."""
        return {r["runId"]: r for r in self.graphql(RUNS)["runsOrError"]["results"]}

    def runs_for(self, asset: str) -> set[str]:
        """Return the runs that something new at an asset started."""
        return {
            run
            for run, each in self.runs().items()
            for tag in each["tags"]
            if tag["key"] == "platform/new" and asset in tag["value"].split(",")
        }

    def wait_for_run(self, run: str) -> str:
        """Return the status with which a run ended."""
        ended = {"SUCCESS", "FAILURE", "CANCELED"}
        return str(
            wait_for(lambda: ({self.runs()[run]["status"]} & ended) and self.runs()[run])["status"]
        )

    def wait_for_refresh(self, condition: Callable[[], Any], seconds: float) -> Any:
        """Return what `condition()` returns, as soon as that is true.

        Raises:
            AssertionError: a run failed meanwhile, or time is up; says what the runs and the
                sensor were at.
        """
        known = set(self.runs())

        def refreshed() -> Any:
            if value := condition():
                return value
            new = {run: r["status"] for run, r in self.runs().items() if run not in known}
            failed = [run for run, status in new.items() if status in ("FAILURE", "CANCELED")]
            assert not failed, "\n".join(map(self.failures, failed))
            time.sleep(0.5)
            return None

        try:
            return wait_for(refreshed, seconds)
        except AssertionError as error:
            new = [r for run, r in self.runs().items() if run not in known]
            raise AssertionError(f"{error}\nruns: {new}\nsensor: {self.ticks()}") from error

    def failures(self, run: str) -> str:
        """Return why a run failed, as one line for each step."""
        found = []
        for event in self.graphql(FAILURES, run=run)["logsForRun"]["events"]:
            if error := event.get("error"):
                chain = [error, *(link["error"] for link in error["errorChain"])]
                found.append(f"{event['stepKey']}: {chain[-1]['message'].strip()}")
            elif message := event.get("message"):
                found.append(message)
        return f"run {run}: " + "\n".join(found)

    def ticks(self) -> list[Any]:
        """Return the newest ticks of the sensor that looks for new data."""
        sensor = {**SELECTED, "sensorName": "new_data"}
        state = self.graphql(TICKS, sensor=sensor)["sensorOrError"]["sensorState"]
        return list(state["ticks"])

    def stop(self, number: int = signal.SIGINT) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        rest, _ = self.process.communicate(timeout=60)
        self.printed.append(rest)
        return self.process.returncode

    def lines(self, name: str) -> list[str]:
        """Return the lines of a file in the data folder."""
        path = self.data / name
        return path.read_text().splitlines() if path.exists() else []
