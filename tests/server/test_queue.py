"""Runs on several machines, for real: a queue, a shared database, workers that are killed."""

import contextlib
import json
import signal
import subprocess
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import psutil
import pytest
import sqlalchemy

from tests.ports import free_port
from tests.redis_server import start_redis
from tests.server.running import Running, command, wait_for
from tests.servers import postgresql

pytestmark = pytest.mark.xdist_group("queue")
DEFINITIONS = "tests.server.shared_definitions"
LEASE = 20  # seconds: a busy machine may stand still for some of them
TERMINATE = """mutation($run: String!) { terminateRun(runId: $run) { __typename } }"""
TAGS = """query($run: ID!) { runOrError(runId: $run) { ... on Run { tags { key value } } } }"""


@dataclass
class Team:
    """The parts of a platform, each a process with a data folder of its own, as in containers.

    They share servers, and for these tests a folder in which runs note what they did.
    """

    folder: Path
    environment: dict[str, str]
    parts: dict[str, subprocess.Popen[str]] = field(default_factory=dict)
    workers: dict[str, subprocess.Popen[str]] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    code_port: int = field(default_factory=free_port)

    @property
    def platform(self) -> Running:
        """The web server, for those who ask it."""
        return Running(self.folder / "web", self.port, self.parts["web"], [])

    @property
    def shared(self) -> Path:
        """The folder of notes and holds."""
        return self.folder / "shared"

    def serve(self, name: str, part: str, *options: str) -> None:
        """Start one part as a script's `&` does, with its log beside its data folder."""
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            with (self.folder / f"{name}.log").open("w") as log:
                self.parts[name] = command(
                    self.folder / name, "serve", part, *options, stdout=log, **self.environment
                )
        finally:
            signal.signal(signal.SIGINT, before)

    def log(self, name: str) -> str:
        """Return what a part has said."""
        return (self.folder / f"{name}.log").read_text()

    def ready(self, *checks: str) -> dict[str, Any]:
        """Return what `/ready` says; nothing where the web server is not there yet."""
        address = f"http://127.0.0.1:{self.port}/ready?checks={','.join(checks)}"
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            return dict(json.load(error))
        except OSError:
            return {}

    def start_worker(self, name: str) -> None:
        """Start a worker with a data folder of its own, named like it."""
        arguments = ["worker", "--definitions", DEFINITIONS]
        self.workers[name] = command(self.folder / name, *arguments, **self.environment)

    def wait_for_worker(self, name: str) -> str:
        """Return the name that a worker gave itself, once it takes runs."""
        output = self.workers[name].stdout
        assert output is not None
        printed = []
        for line in output:
            printed.append(line)
            if line.startswith("Ready: "):
                return line.split()[1]
        raise AssertionError("".join(printed))

    def where(self, name: str) -> dict[str, str]:
        """Return run → machine of a file of notes."""
        file = self.shared / name
        return dict(line.split() for line in file.read_text().splitlines()) if file.exists() else {}

    def times(self, name: str, *runs: str) -> list[int]:
        """Return how many times each of `runs` noted something."""
        counted = Counter(line.split()[0] for line in (self.shared / name).read_text().splitlines())
        return [counted[run] for run in runs]

    def retry(self, run: str) -> str:
        """Return the run that goes on from the step that `run` had reached, once there is one."""

        def retries() -> list[str]:
            found = self.platform.runs().values()
            return [r["runId"] for r in found if r["rootRunId"] == run and r["runId"] != run]

        [again] = wait_for(retries)
        assert self.platform.runs()[again]["stepKeysToExecute"] == ["slow", "last"]
        return again


def kill(process: psutil.Process) -> None:
    """Kill a process and everything below it, as a power cut does."""
    for one in [process, *process.children(recursive=True)]:
        one.kill()


def run_of(worker: subprocess.Popen[str]) -> psutil.Process:
    """Return the process of the one run that a worker executes."""
    [inner] = psutil.Process(worker.pid).children()
    [run] = inner.children()
    return run


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """A platform and two workers that share nothing but servers."""
    folder, redis = tmp_path_factory.mktemp("team"), start_redis()
    (folder / "shared").mkdir()
    environment = {
        "PLATFORM_DAGSTER_URL": postgresql().new_database(),
        "PLATFORM_QUEUE_URL": redis.url,
        "PLATFORM_WORKER_LEASE": str(LEASE),
        "TEST_SHARED_DIR": str(folder / "shared"),
    }
    team = Team(folder, environment)
    reach = ["--code", f"127.0.0.1:{team.code_port}"]
    try:
        team.serve("code", "code", "--port", str(team.code_port), "--definitions", DEFINITIONS)
        team.serve("daemon", "daemon", *reach)
        team.start_worker("one")
        team.start_worker("two")
        team.serve("web", "web", "--port", str(team.port), *reach)
        yield team
        for part in team.parts.values():
            part.terminate()
        assert {name: part.wait(timeout=60) for name, part in team.parts.items()} == dict.fromkeys(
            team.parts, 0
        )
    finally:
        for process in (*team.parts.values(), *team.workers.values()):
            if process.poll() is None:
                kill(psutil.Process(process.pid))
                process.wait()
        redis.stop()


def test_the_parts_find_each_other_and_a_second_daemon_stands_by(team: Team) -> None:
    wait_for(lambda: "storage" in team.ready().get("checks", {}))
    report = wait_for(lambda: (found := team.ready("storage", "code", "daemon"))["ready"] and found)
    assert {name: check["ok"] for name, check in report["checks"].items()} == dict.fromkeys(
        ("storage", "code", "daemon"), True
    )
    team.serve("standby", "daemon", "--code", f"127.0.0.1:{team.code_port}")
    wait_for(lambda: "Standing by" in team.log("standby"))
    wait_for((team.folder / "web" / "dbt" / "target" / "manifest.json").exists)
    kill(psutil.Process(team.parts.pop("daemon").pid))
    wait_for(lambda: "dagster.daemon" in team.log("standby"))


def test_runs_go_to_the_workers_and_those_of_dead_ones_go_on_elsewhere(team: Team) -> None:
    names = {team.wait_for_worker(name): name for name in ("one", "two")}
    told = wait_for(lambda: (found := team.ready("workers")).get("ready") and found)
    assert told["checks"]["workers"]["says"] == "2 workers with 2 places"
    (team.shared / "hold").touch()
    lost, crashed = runs = [team.platform.launch(), team.platform.launch()]
    wait_for(lambda: len(team.where("slow.txt")) == 2)
    where = team.where("slow.txt")
    assert set(where) == set(runs) and sorted(where.values()) == ["one", "two"]
    tags = team.platform.graphql(TAGS, run=lost)["runOrError"]["tags"]
    [tagged] = [tag["value"] for tag in tags if tag["key"] == "platform/worker"]
    assert names[tagged] == where[lost]

    # A machine is gone. Its run goes on where there is room, and in its place in the pool: the
    # pool has two, and the other run has the second one all the time.
    (team.shared / f"hold-{crashed}").touch()
    (team.shared / "hold").unlink()
    kill(psutil.Process(team.workers[where[lost]].pid))
    team.start_worker("three")
    again = team.retry(lost)
    assert team.platform.wait_for_run(again) == "SUCCESS", team.platform.failures(again)
    assert team.platform.runs()[lost]["status"] == "FAILURE"
    assert team.platform.runs()[crashed]["status"] == "STARTED"

    # A run's own process is killed, for lack of memory say, and the worker lives.
    (team.shared / f"hold-{crashed}").unlink()
    run_of(team.workers[where[crashed]]).kill()
    again = team.retry(crashed)
    assert team.platform.wait_for_run(again) == "SUCCESS", team.platform.failures(again)
    assert team.times("first.txt", *runs) == [1, 1]  # what was done is not done again
    assert team.times("last.txt", *runs) == [1, 1]
    assert team.where("last.txt")[lost] == "three"


def test_a_run_is_stopped_from_the_web_page(team: Team) -> None:
    (team.shared / "hold").touch()
    run = team.platform.launch()
    wait_for(lambda: run in team.where("slow.txt"))
    asked = team.platform.graphql(TERMINATE, run=run)
    assert asked["terminateRun"]["__typename"] == "TerminateRunSuccess"
    assert team.platform.wait_for_run(run) == "CANCELED"
    (team.shared / "hold").unlink()
    assert team.times("last.txt", run) == [0]


def test_a_worker_that_is_asked_to_stop_ends_its_run_first(team: Team) -> None:
    (team.shared / "hold").touch()
    run = team.platform.launch()
    wait_for(lambda: run in team.where("slow.txt"))
    worker = team.workers[team.where("slow.txt")[run]]
    worker.send_signal(signal.SIGTERM)
    (team.shared / "hold").unlink()
    assert team.platform.wait_for_run(run) == "SUCCESS"
    output, _ = worker.communicate(timeout=30)
    assert (worker.returncode, output.splitlines()[-1]) == (0, "Stopped.")


EVENTS = """query($run: ID!) { logsForRun(runId: $run) { ... on EventConnection { events {
  ... on MessageEvent { message } ... on ExecutionStepFailureEvent { error { message stack
  errorChain { error { message stack } } } } ... on ObservationEvent { metadataEntries {
  ... on TextMetadataEntry { text } } } } } } }"""


def test_no_password_leaves_the_processes(team: Team) -> None:
    passwords = [urlsplit(url).password for url in team.environment.values() if "://" in url]
    assert len(passwords) == 2
    secrets = {
        form for p in passwords if p for form in (p, unquote(p), unquote(p).replace("'", "''"))
    }

    def leaks(text: str) -> list[str]:
        return [secret for secret in secrets if secret in text]

    (team.shared / "leak").touch()
    run = team.platform.launch()
    assert team.platform.wait_for_run(run) == "FAILURE"
    told = json.dumps(team.platform.graphql(EVENTS, run=run))
    assert told.count("***") >= 4 and "while telling" in told and "log: " in told
    assert leaks(told) == []
    assert leaks(json.dumps(team.ready())) == []
    for worker in team.workers.values():
        if worker.poll() is None:
            worker.terminate()
            printed = worker.communicate(timeout=60)[0]
            assert leaks(printed) == []
            assert "library: " in printed
    written = [path for path in team.folder.rglob("*") if path.is_file()]
    assert [path for path in written if leaks(path.read_bytes().decode(errors="replace"))] == []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            assert leaks(" ".join(process.cmdline())) == []
    engine = sqlalchemy.create_engine(team.environment["PLATFORM_DAGSTER_URL"])
    with engine.connect() as connection:
        for table in sqlalchemy.inspect(connection).get_table_names():
            rows = connection.execute(sqlalchemy.text(f'SELECT t::text FROM "{table}" t')).all()
            assert [row for row in rows if leaks(str(row[0]))] == []
    engine.dispose()
