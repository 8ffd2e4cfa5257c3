"""The model seam: the dbt project, run in this process, one write lock per transaction.

dbt's command line costs seconds of start-up for every call; here its own runner is called in the
process that is already warm, and its events come out one by one, as they happen.

What belongs here: environment, manifest, invocation, results. What does not: whose turn it is to
write (`dbt_turns`); which models are assets and what Dagster learns of them
(`platform_assets.components.warehouse`).
"""

import json
import os
import queue
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from resources.dbt_turns import take_turns
from resources.errors import PlatformError
from resources.settings import Settings, settings
from resources.warehouse import Warehouse

UNKNOWN_TABLE = re.compile(r"depends on a source named '(\w+)\.(\w+)' which was not found")
# The parsed projects of this process, by target folder: state of the files, dbt's manifest.
_KEPT: dict[Path, tuple[Any, Any]] = {}


@dataclass(frozen=True)
class NodeResult:
    """What dbt says of one node when it is done with it."""

    unique_id: str
    resource_type: str  # model | seed | snapshot | test | unit_test
    status: str  # success | error | skipped | pass | fail | warn
    message: str
    seconds: float
    failures: int
    info: Mapping[str, Any] = field(default_factory=dict)


def prepare_adapter() -> None:
    """Make dbt's adapter, of whichever engine, write to the lake as all others do."""
    if settings().spark_url:
        from resources.spark.dbt_adapter import use_lake

        use_lake()
    else:
        take_turns()


def environment(s: Settings | None = None) -> dict[str, str]:
    """Return the variables that tell dbt where its profile is, and to keep to itself."""
    s = s or settings()
    return {
        "DBT_PROFILES_DIR": str(s.path(s.dbt_dir)),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_VERSION_CHECK": "false",
        "PLATFORM_DBT_TARGET": "spark" if s.spark_url else "ducklake",
    }


class DbtProject:
    """The dbt project of these settings.

    Args:
        folder: where `dbt_project.yml` is.
        target: where dbt writes its artifacts, below the data folder.
    """

    def __init__(self, folder: Path, target: Path) -> None:
        self.folder = folder
        self.target = target

    @classmethod
    def from_settings(cls) -> "DbtProject":
        """Return the project that the settings name."""
        s = settings()
        return cls(s.path(s.dbt_dir), s.data / "dbt" / "target")

    @property
    def manifest_path(self) -> Path:
        """The manifest that `dbt parse` writes."""
        return self.target / "manifest.json"

    def manifest(self) -> dict[str, Any]:
        """Return the manifest as JSON values, parsed anew when a file of the project has changed.

        Raises:
            PlatformError: the project does not parse; with dbt's own words, which name the file.
        """
        with self._parse_lock():  # another process may be writing it
            self.warm()
            manifest: dict[str, Any] = json.loads(self.manifest_path.read_text())
        return manifest

    def warm(self) -> Any:
        """Return dbt's own manifest, kept in this process and in those that are forked from it.

        A build that is given it starts in a third of the time.

        Raises:
            PlatformError: the project does not parse.
        """
        state = self.files()
        known = _KEPT.get(self.target)
        if known is None or known[0] != state or not self.manifest_path.exists():
            known = _KEPT[self.target] = (state, self.parse())
        return known[1]

    def parse(self) -> Any:
        """Write the manifest anew and return it; unchanged files cost little."""
        from dbt.cli.main import dbtRunner

        os.environ.update(environment())
        prepare_adapter()
        with self._parse_lock():
            result = dbtRunner().invoke(self._arguments("parse", [], quiet=True))
        if not result.success:
            raise PlatformError(
                f"The dbt project in {self.folder} does not parse:\n{result.exception}",
                hint=_way_out(str(result.exception)),
            )
        return result.result

    def command(self, arguments: Sequence[str]) -> bool:
        """Run dbt with a command line of its own; return whether it succeeded.

        It prints what dbt prints; project, profile and target folder are the platform's.
        """
        from dbt.cli.main import dbtRunner

        os.environ.update(environment())
        os.environ["DBT_PROJECT_DIR"] = str(self.folder)
        os.environ["DBT_TARGET_PATH"] = str(self.target)
        os.environ["DBT_LOG_PATH"] = str(self.target.parent / "logs")
        Warehouse.from_settings().connect().close()
        prepare_adapter()
        return dbtRunner().invoke(list(arguments)).success

    def build(
        self, select: Sequence[str], full_refresh: bool = False, command: str = "build"
    ) -> Iterator[NodeResult]:
        """Run `dbt build` on exactly the selected nodes and yield each result as it happens.

        Args:
            select: dbt selectors; tests run only where they are selected themselves.
            full_refresh: rebuild incremental models from scratch.
            command: `build`, or `run` / `test` / `seed`.

        Raises:
            PlatformError: dbt itself could not run (a failing node is a result, not an error).
        """
        os.environ.update(environment())
        Warehouse.from_settings().connect().close()  # the folders and schemas exist
        results: queue.Queue[NodeResult | BaseException | None] = queue.Queue()
        arguments = ["--select", *select, "--indirect-selection", "empty"]
        if full_refresh:
            arguments.append("--full-refresh")
        lean = ["--no-write-json", "--cache-selected-only", *self._arguments(command, arguments)]
        thread = threading.Thread(target=_run, args=(lean, results, self.warm()), daemon=True)
        thread.start()
        while (item := results.get()) is not None:
            if isinstance(item, BaseException):
                raise PlatformError(f"dbt could not run: {item}") from item
            yield item
        thread.join()

    def compile(self, select: Sequence[str], target: Path) -> dict[str, dict[str, Any]]:
        """Compile nodes for a build from scratch, and return them as JSON values by unique id.

        Nothing is built. A node that does not compile has `problem`, dbt's words. Under `manifest`
        stands dbt's whole manifest.

        Args:
            select: dbt selectors.
            target: where dbt writes its artifacts, apart from those of builds.

        Raises:
            PlatformError: dbt could not compile at all.
        """
        from dbt.cli.main import dbtRunner

        os.environ.update(environment())
        Warehouse.from_settings().connect().close()  # the schemas exist
        prepare_adapter()
        arguments = ["--select", *select, "--indirect-selection", "empty", "--full-refresh"]
        apart = DbtProject(self.folder, target)
        result: Any = dbtRunner().invoke(apart._arguments("compile", arguments, quiet=True))
        if result.result is None:
            raise PlatformError(f"dbt does not compile: {result.exception}")
        manifest: dict[str, Any] = json.loads((target / "manifest.json").read_text())
        compiled: dict[str, dict[str, Any]] = {}
        for one in result.result.results:
            node = dict(manifest["nodes"].get(one.node.unique_id, {}))
            node["compiled_code"] = getattr(one.node, "compiled_code", None)
            node["problem"] = "" if str(one.status) == "success" else str(one.message)
            compiled[one.node.unique_id] = node
        return {**compiled, "manifest": manifest}

    def _arguments(self, command: str, extra: Sequence[str], quiet: bool = False) -> list[str]:
        return [
            "--no-use-colors",
            "--quiet" if quiet else "--no-quiet",
            "--log-level",
            "none",
            "--log-level-file",
            "info",
            "--no-version-check",
            "--no-send-anonymous-usage-stats",
            "--log-path",
            str(self.target.parent / "logs"),
            command,
            "--project-dir",
            str(self.folder),
            "--profiles-dir",
            str(self.folder),
            "--target-path",
            str(self.target),
            *extra,
        ]

    def files(self) -> tuple[tuple[str, int, int], ...]:
        """Return what tells one state of the project's files from another."""
        found = ((path, path.stat()) for path in sorted(self.folder.rglob("*")))
        return tuple(
            (str(path), stat.st_mtime_ns, stat.st_size)
            for path, stat in found
            if path.suffix in {".sql", ".yml", ".yaml", ".csv", ".md", ".py"}
        )

    def _parse_lock(self) -> Any:
        from resources.warehouse.lock import write_lock

        self.target.mkdir(parents=True, exist_ok=True)
        return write_lock(self.target.parent / "parse.lock").held()


def _way_out(message: str) -> str:
    """Return what to do where a project does not parse; a table that lacks a line is told which."""
    lacks = UNKNOWN_TABLE.search(message)
    if lacks is None:
        return "Mend the file that is named above; `make check` parses it again."
    schema, table = lacks.groups()
    key = ", ".join([schema, *table.split("__")])
    line = f"- {{name: {table}, config: {{meta: {{dagster: {{asset_key: [{key}]}}}}}}}}"
    return (
        f"A table that a model reads has its line below `{schema}` in models/sources.yml, with the "
        f"key of its asset:\n{line}"
    )


def _run(
    arguments: list[str],
    results: "queue.Queue[NodeResult | BaseException | None]",
    manifest: Any,
) -> None:
    """Run dbt in this thread; put each node's result, then None, into the queue."""
    try:
        from dbt.cli.main import dbtRunner
        from google.protobuf.json_format import MessageToDict

        prepare_adapter()

        def on_event(message: Any) -> None:
            if message.info.name == "NodeFinished":
                data = MessageToDict(message.data, preserving_proto_field_name=True)
                results.put(_node_result(data))

        outcome = dbtRunner(manifest=manifest, callbacks=[on_event]).invoke(arguments)
        if outcome.exception is not None:
            results.put(outcome.exception)
    except BaseException as error:
        results.put(error)
    finally:
        results.put(None)


def _node_result(data: Mapping[str, Any]) -> NodeResult:
    node, run = data["node_info"], data["run_result"]
    return NodeResult(
        unique_id=node["unique_id"],
        resource_type=node["resource_type"],
        status=run["status"],
        message=run.get("message", ""),
        seconds=float(run.get("execution_time", 0)),
        failures=int(run.get("num_failures", 0)),
        info=node,
    )
