"""Where the running platform keeps its files below the data folder, and its environment.

What belongs here: paths, the instance's configuration, the environment of the processes. What does
not: settings themselves (`resources.settings`) and the processes (`processes`).
"""

import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from resources.errors import PlatformError
from resources.settings import PROJECT_ROOT, Settings, settings

DEFINITIONS_MODULE = "platform_assets.definitions"
LOCATION_NAME = "platform"
EVENT_LOG = """
event_log_storage:
  module: platform_assets.server.event_log
  class: KeptEventLog
  config:
    base_dir: {folder}
"""
EVENTS_AT_ONCE = 500
SOCKET_PATH_LIMIT = 100  # bytes; Linux allows 107 and macOS 103
SOCKET_NAME_LIMIT = 20


@dataclass(frozen=True)
class Home:
    """Folders of the running platform, all below the data folder."""

    data: Path

    @classmethod
    def from_settings(cls, s: Settings | None = None) -> "Home":
        """Return the home that the settings name."""
        return cls((s or settings()).data)

    @property
    def dagster(self) -> Path:
        """DAGSTER_HOME: runs, events, schedules and their configuration."""
        return self.data / "dagster"

    @property
    def logs(self) -> Path:
        """One log file per process."""
        return self.data / "logs"

    @property
    def run(self) -> Path:
        """Files that only mean something while the platform runs."""
        return self.data / "run"

    @property
    def reports(self) -> Path:
        """Rendered reports, served below `/files/reports`."""
        return self.data / "reports"

    @property
    def first_materialization(self) -> Path:
        """Exists once every asset was asked for; `up` starts serving at once from then on."""
        return self.dagster / "first-materialization"

    def prepare(self) -> None:
        """Make the folders and put the instance's configuration into DAGSTER_HOME.

        Raises:
            PlatformError: the data folder cannot be written.
        """
        try:
            for folder in (self.dagster, self.logs, self.run, self.reports):
                folder.mkdir(parents=True, exist_ok=True)
            self._configure_instance()
            with tempfile.TemporaryFile(dir=self.data):
                pass
        except OSError as error:
            raise PlatformError(
                f"The data folder {self.data} cannot be written: {error.strerror or error}.",
                hint="Make it writable, or name another one with PLATFORM_DATA_DIR.",
            ) from error

    def environment(self) -> dict[str, str]:
        """Return the variables that Dagster and dbt read, for this process or a child."""
        return {
            "DAGSTER_HOME": str(self.dagster),
            "DAGSTER_DISABLE_TELEMETRY": "yes",
            "DAGSTER_EVENT_BATCH_SIZE": str(EVENTS_AT_ONCE),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DO_NOT_TRACK": "1",
            "PYTHONUNBUFFERED": "1",
        }

    def enter(self) -> None:
        """Prepare the folders and give this process the environment."""
        self.prepare()
        os.environ.update(self.environment())

    def scratch(self) -> Path:
        """Return an empty folder for sockets and temporary files of one run of the platform.

        Below the data folder, unless its path is too long for a socket's name; call it while no
        other platform runs on this data folder.
        """
        folder = self.run / "tmp"
        if len(os.fsencode(folder)) > SOCKET_PATH_LIMIT - SOCKET_NAME_LIMIT:
            return Path(tempfile.mkdtemp(prefix="platform-"))
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        return folder

    def _configure_instance(self) -> None:
        event_log = EVENT_LOG.format(folder=json.dumps(str(self.dagster / "history" / "runs")))
        wanted = (PROJECT_ROOT / "dagster.yaml").read_text() + event_log
        target = self.dagster / "dagster.yaml"
        if not target.exists() or target.read_text() != wanted:
            target.write_text(wanted)
