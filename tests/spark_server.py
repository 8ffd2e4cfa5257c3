"""A real Spark for tests: a Connect server with a driver and two executors, on loopback.

What belongs here: finding Spark's server, starting one per test process, a cluster of processes
that can be killed one by one. What does not: what is computed on it. Spark's server is no
dependency of the platform (it is 450 MB, and wants Java): `.ci/run` installs `.ci/spark.lock` into
`.data/spark`; another one is found by SPARK_HOME. Without it a test is skipped, except where the
environment says `CI=true`: there it fails.
"""

import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

from resources.settings import PROJECT_ROOT
from tests.ports import free_port
from tests.servers import dying_with_us

START_SECONDS = 180
CONNECT = "org.apache.spark.sql.connect.service.SparkConnectServer"
DAEMON = "bin/spark-class org.apache.spark.deploy"
JVM = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"
# Small data on two cores: one partition, and plans that are interpreted, not compiled.
CONF = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.executor.memory": "1g",
    "spark.executor.cores": "1",
    "spark.driver.extraJavaOptions": JVM,
    "spark.executor.extraJavaOptions": JVM,
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.connect.grpc.binding.address": "127.0.0.1",
}
# What differs where data is large: plans are compiled, and adapt to it.
LARGE = {
    "spark.driver.memory": "2g",
    "spark.driver.extraJavaOptions": "-XX:+UseParallelGC",
    "spark.executor.extraJavaOptions": "-XX:+UseParallelGC",
    "spark.sql.shuffle.partitions": "16",
    "spark.sql.adaptive.enabled": "true",
    "spark.sql.codegen.wholeStage": "true",
}


@dataclass
class Spark:
    """A running Connect server.

    Attributes:
        port: where it listens.
        master: address of the cluster's master; "" where the server starts its own executors.
        processes: by name; the server's own is `server`.
    """

    port: int
    folder: Path
    master: str = ""
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The address, as PLATFORM_SPARK_URL has it."""
        return f"sc://127.0.0.1:{self.port}"

    def start_worker(self, name: str) -> None:
        """Start another worker, a machine of its own; it is there a moment later."""
        _spawn(
            self,
            name,
            f"{DAEMON}.worker.Worker --host 127.0.0.1 --webui-port {free_port()} --cores 1 "
            f"--memory 1200m --work-dir {self.folder}/{name} {self.master}".split(),
        )

    def kill(self, name: str) -> None:
        """Kill a process, and what it started, at once."""
        os.killpg(self.processes[name].pid, signal.SIGKILL)
        self.processes[name].wait(timeout=START_SECONDS)

    def stop(self) -> None:
        """Kill all of them."""
        for name, process in self.processes.items():
            if process.poll() is None:
                self.kill(name)


@cache
def spark() -> Spark:
    """Return this process's Spark; started on first use."""
    return start_spark(1024)


def start_spark(megabytes: int, conf: Mapping[str, str] | None = None) -> Spark:
    """Start a driver and two executors of so much memory; the caller may call `stop`."""
    found = _new()
    memory = {"spark.executor.memory": f"{megabytes}m"}
    _start_server(found, f"local-cluster[2,1,{megabytes}]", memory | dict(conf or {}))
    return found


def start_cluster(workers: int = 2) -> Spark:
    """Start a standalone cluster whose workers can be killed; the caller calls `stop`."""
    found = _new()
    port, web = free_port(), free_port()
    found.master = f"spark://127.0.0.1:{port}"
    _spawn(
        found,
        "master",
        f"{DAEMON}.master.Master --host 127.0.0.1 --port {port} --webui-port {web}".split(),
    )
    for number in range(workers):
        found.start_worker(f"worker{number}")
    _wait(found, lambda: _alive_workers(web) == workers)
    _start_server(found, found.master)
    return found


def _alive_workers(web: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{web}/json/", timeout=5) as answer:
        return int(json.load(answer)["aliveworkers"])


def _start_server(found: Spark, master: str, more: Mapping[str, str] | None = None) -> None:
    conf = {**CONF, **(more or {}), "spark.connect.grpc.binding.port": str(found.port)}
    command = ["bin/spark-submit", "--master", master, "--class", CONNECT]
    for name, value in conf.items():
        command += ["--conf", f"{name}={value}"]
    # It takes a daemon's settings too, and they may not contradict the driver's.
    daemon = {"SPARK_DAEMON_JAVA_OPTS": conf["spark.driver.extraJavaOptions"]}
    daemon |= {"SPARK_DAEMON_MEMORY": conf.get("spark.driver.memory", "1g")}
    _spawn(found, "server", [*command, "spark-internal"], daemon)
    _wait(found, lambda: _listens(found.port))


def _listens(port: int) -> bool:
    import socket

    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True


def is_wanted() -> bool:
    """Whether there is a Spark to test with, or must be one."""
    return not _missing() or os.environ.get("CI") == "true"


def _missing() -> str:
    if not _home():
        return f"Spark's server is not there: install .ci/spark.lock in {VENV}"
    return "" if shutil.which("java") else "java is not installed"


def _new() -> Spark:
    missing = _missing()
    if missing and os.environ.get("CI") == "true":
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)
    folder = Path(tempfile.mkdtemp(prefix="test-spark-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    found = Spark(free_port(), folder)
    atexit.register(found.stop)
    return found


VENV = PROJECT_ROOT / ".data" / "spark"


def _home() -> Path | None:
    """Return Spark's home: SPARK_HOME, or the package in the virtual environment for it."""
    named = os.environ.get("SPARK_HOME")
    if named:
        return Path(named)
    return next(iter(VENV.glob("lib/python*/site-packages/pyspark")), None)


def _environment(folder: Path) -> Mapping[str, str]:
    (folder / "conf").mkdir(exist_ok=True)
    (folder / "conf" / "log4j2.properties").write_text(
        "rootLogger.level = warn\nrootLogger.appenderRef.stderr.ref = console\n"
        "appender.console.type = Console\nappender.console.name = console\n"
        "appender.console.target = SYSTEM_ERR\nappender.console.layout.type = PatternLayout\n"
        "appender.console.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n%ex\n"
    )
    kept = ("PATH", "HOME", "LANG", "JAVA_HOME")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "SPARK_HOME": str(_home()),
        "SPARK_CONF_DIR": str(folder / "conf"),
        "SPARK_LOCAL_DIRS": str(folder / "local"),
        "SPARK_WORKER_DIR": str(folder / "work"),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_HOSTNAME": "localhost",
        "SPARK_DAEMON_MEMORY": "1g",
        "SPARK_DAEMON_JAVA_OPTS": JVM,
        # The executors' Python is this one: it has the platform's code and what it needs.
        "PYSPARK_PYTHON": sys.executable,
        "PYTHONPATH": str(PROJECT_ROOT),
    }


def _spawn(
    found: Spark, name: str, command: list[str], more: Mapping[str, str] | None = None
) -> None:
    with (found.folder / f"{name}.log").open("wb") as log:
        found.processes[name] = subprocess.Popen(
            dying_with_us([str(_home() / command[0]), *command[1:]]),  # type: ignore[operator]
            cwd=found.folder,
            env={**_environment(found.folder), **(more or {})},
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )


def _wait(found: Spark, ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            if ready():
                return
        except OSError:
            pass
        name, process = next(reversed(found.processes.items()))
        if process.poll() is not None or time.monotonic() > deadline:
            log = (found.folder / f"{name}.log").read_text(errors="replace")[-3000:]
            pytest.fail(f"Spark's {name} did not start:\n{log}")
        time.sleep(0.1)
