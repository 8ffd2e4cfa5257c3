"""Where the running platform keeps its files below the data folder, and its environment.

What belongs here: paths and the environment of the processes. What does not: settings themselves
(`resources.settings`), what the instance is made of (`instance_config`), the processes
(`processes`).
"""

import os
import shutil
import tempfile
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import yaml

from platform_assets.server import guard, instance_config
from platform_assets.server.connection import Address
from resources.errors import PlatformError
from resources.settings import Settings, settings

DEFINITIONS_MODULE = "platform_assets.definitions"
MADE = "# Made from dagster.yaml of the project and from the settings, by every start.\n"
EVENTS_AT_ONCE = 500
SOCKET_PATH_LIMIT = 100  # bytes; Linux allows 107 and macOS 103
SOCKET_NAME_LIMIT = 20


@dataclass(frozen=True)
class Home:
    """Folders of the running platform, all below the data folder."""

    settings: Settings

    @classmethod
    def from_settings(cls, s: Settings | None = None) -> "Home":
        """Return the home that the settings name."""
        return cls(s or settings())

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.settings.data

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
    def first_materialization(self) -> Path:
        """Exists once every asset was asked for; `up` starts serving at once from then on."""
        return self.dagster / "first-materialization"

    def prepare(self) -> None:
        """Make the folders and put the instance's configuration into DAGSTER_HOME.

        Raises:
            PlatformError: the data folder cannot be written.
        """
        try:
            for folder in (self.dagster, self.logs, self.run):
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
            **instance_config.instance_environment(self.settings),
        }

    def enter(self) -> None:
        """Prepare the folders, give this process the environment, and see that servers answer.

        Raises:
            PlatformError: the data folder can't be written, or a server can't be reached.
        """
        guard.install()
        self.prepare()
        os.environ.update(self.environment())
        instance_config.require_servers(self.settings)

    def write_workspace(self, code: Address, part: str) -> Path:
        """Write the workspace file that points a part of the platform at a code server."""
        path = self.run / f"workspace-{part}.yaml"
        path.write_text(yaml.safe_dump(code.workspace()))
        return path

    def only_daemon(self) -> AbstractContextManager[None]:
        """Return a block that one daemon of the instance is in; others wait before it."""
        url = self.settings.dagster_url.get_secret_value()
        if not url:
            return nullcontext()  # the data folder has its own lock
        from platform_assets.server.postgres import alone

        return alone(url)

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
        config = instance_config.instance_config(self.settings, self.dagster)
        wanted = MADE + yaml.safe_dump(config, sort_keys=False)
        target = self.dagster / "dagster.yaml"
        if not target.exists() or target.read_text() != wanted:
            target.write_text(wanted)
