"""The platform as its user meets it: real processes, a real port, real signals."""

import json
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lineage import producers
from tests.long import long
from tests.ports import free_port
from tests.server.running import (
    RELOAD,
    Running,
    command,
    processes_of,
    runs_module,
    wait_for,
)

pytestmark = pytest.mark.xdist_group("platform")
SENSORS = """{ sensorsOrError(repositorySelector: {repositoryName: "__repository__",
  repositoryLocationName: "platform"}) {
  ... on Sensors { results { name sensorState { status } } } } }"""
DAEMONS = "{ instance { daemonHealth { allDaemonStatuses { daemonType required healthy } } } }"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A running platform that the tests of this module share."""
    running = Running.start(tmp_path_factory.mktemp("shared") / "data")
    yield running
    if running.process.poll() is None:
        assert running.stop() == 0


def test_the_first_start_materializes_every_asset_before_it_serves(platform: Running) -> None:
    printed = "".join(platform.printed)
    assert "3 materialized, 0 failed" in printed
    assert "12,345" in printed
    assert f"http://localhost:{platform.port}" in printed
    assert len(platform.lines("first.txt")) == 1


def test_the_web_server_and_every_daemon_and_sensor_run(platform: Running) -> None:
    assert b"dagster_version" in platform.get("/server_info")
    sensors = platform.graphql(SENSORS)["sensorsOrError"]["results"]
    assert [s["sensorState"]["status"] for s in sensors] == ["RUNNING"]

    def healthy() -> bool:
        statuses = platform.graphql(DAEMONS)["instance"]["daemonHealth"]["allDaemonStatuses"]
        return all(s["healthy"] for s in statuses if s["required"])

    wait_for(healthy)


def test_health_and_readiness_are_told(platform: Running) -> None:
    assert json.loads(platform.get("/health")) == {"alive": True}
    report = json.loads(platform.get("/ready"))
    assert report["ready"]
    assert set(report["checks"]) == {"storage", "code", "daemon", "warehouse", "landing"}


def test_a_report_file_is_served_as_a_page_that_cannot_reach_dagster(platform: Running) -> None:
    page = platform.data / "reports" / "weekly" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text("<h1>Weekly</h1>")
    assert platform.get("/files/reports/weekly/index.html") == b"<h1>Weekly</h1>"


def test_lineage_of_another_platform_comes_in_and_is_shown(platform: Running) -> None:
    first = producers.dataset("dagster://platform", "first")
    told = producers.run_event("COMPLETE", producers.run_id(), "export", inputs=[first])
    request = urllib.request.Request(
        f"http://127.0.0.1:{platform.port}/api/v1/lineage",
        json.dumps(told).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 201 and answer.headers["x-content-type-options"] == "nosniff"

    def readers() -> list[str]:
        asset = json.loads(platform.get("/catalog/asset/first.json"))
        return [each["label"] for each in asset["downstream"]]

    wait_for(lambda: "export" in readers(), 30)
    namespaces = json.loads(platform.get("/api/v1/namespaces"))["namespaces"]
    assert "airflow" in [each["name"] for each in namespaces]


def test_what_a_browser_looks_at_is_written_down_within_seconds(platform: Running) -> None:
    address = f"http://127.0.0.1:{platform.port}/catalog/asset/first"
    request = urllib.request.Request(address, headers={"User-Agent": "Mozilla/5.0 (X11; Linux)"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200

    def written() -> list[str]:
        files = (platform.data / "usage" / "waiting").glob("*.open")
        return [line for file in files for line in file.read_text().splitlines()]

    wait_for(lambda: any('"asset": "first"' in line for line in written()))


def test_a_run_is_a_fork_that_imports_nothing_anew(platform: Running) -> None:
    imports = platform.lines("imports.txt")
    assert platform.wait_for_run(platform.launch()) == "SUCCESS"
    assert platform.lines("imports.txt") == imports
    assert platform.lines("first.txt")[-1] not in imports
    assert int(platform.lines("frozen.txt")[-1]) > 100_000  # objects the collector leaves alone


def test_a_reload_imports_the_definitions_again_for_the_runs_after_it(platform: Running) -> None:
    imports = platform.lines("imports.txt")
    platform.graphql(RELOAD)
    assert len(platform.lines("imports.txt")) == len(imports) + 1
    assert platform.wait_for_run(platform.launch()) == "SUCCESS"


def test_a_sensor_starts_a_run_by_itself(platform: Running) -> None:
    before = len(platform.lines("first.txt"))
    (platform.data / "ask").touch()
    wait_for(lambda: len(platform.lines("first.txt")) > before)


def test_a_second_up_on_the_same_data_names_the_first(platform: Running) -> None:
    second = command(platform.data, "up", "--port", str(free_port()))
    output, _ = second.communicate(timeout=60)
    assert second.returncode == 2
    assert f"process {platform.process.pid}, serving http://localhost:{platform.port}" in output
    assert "Traceback" not in output


def test_a_port_in_use_is_refused_and_its_holder_named(platform: Running, tmp_path: Path) -> None:
    other = command(tmp_path / "data", "up", "--port", str(platform.port), "--no-sample")
    output, _ = other.communicate(timeout=60)
    assert other.returncode == 2
    assert f"Port {platform.port}" in output
    assert "platform_assets.server.web" in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    "number",
    [pytest.param(signal.SIGINT, marks=long("the same as with SIGKILL")), signal.SIGKILL],
)
def test_however_it_ends_nothing_is_left_and_the_next_start_goes_on(
    platform: Running, number: int
) -> None:
    hold = platform.data / "hold"
    hold.touch()
    started = len(platform.lines("slow.txt"))
    run = platform.launch()
    wait_for(lambda: len(platform.lines("slow.txt")) > started)
    firsts = platform.lines("first.txt")
    code = platform.stop(number)
    assert code == (0 if number == signal.SIGINT else -signal.SIGKILL)
    wait_for(lambda: not processes_of(platform.data), seconds=20)
    hold.unlink()

    again = Running.start(platform.data)
    platform.port, platform.process, platform.printed = again.port, again.process, again.printed
    retry = wait_for(
        lambda: [r for r in platform.runs().values() if r["stepKeysToExecute"] == ["slow", "last"]]
    )
    assert platform.wait_for_run(retry[0]["runId"]) == "SUCCESS"
    assert platform.runs()[run]["status"] == "FAILURE"
    assert platform.lines("first.txt") == firsts


def test_when_a_process_dies_the_rest_stops_and_says_so(platform: Running) -> None:
    found = processes_of(platform.data)
    server = next(p for p in found if runs_module(p, "platform_assets.server.code"))
    definitions = next(
        p for p in server.children() if runs_module(p, "platform_assets.server.forks")
    )
    definitions.kill()
    output, _ = platform.process.communicate(timeout=60)
    assert platform.process.returncode == 2
    assert "The code process ended by itself" in output
    assert "The process with the definitions ended." in output
    assert "code.log" in output
    wait_for(lambda: not processes_of(platform.data), seconds=20)


def test_definitions_that_no_longer_load_are_refused_before_anything_starts(tmp_path: Path) -> None:
    marker = tmp_path / "data" / "dagster" / "first-materialization"
    marker.parent.mkdir(parents=True)
    marker.touch()
    broken = ["--definitions", "tests.cli.broken_definitions", "--port", str(free_port())]
    up = command(tmp_path / "data", "up", *broken)
    output, _ = up.communicate(timeout=120)
    assert up.returncode == 1
    assert "The definitions do not load:\nValueError: raw/orders has no owner" in output
    assert "Traceback" not in output and "Starting" not in output
    wait_for(lambda: not processes_of(tmp_path / "data"), seconds=20)
