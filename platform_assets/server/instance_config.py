"""The configuration of Dagster's instance: `dagster.yaml` of the project, and what settings add.

What belongs here: which storage, launcher and queue an instance has. What does not: those classes,
and where the file lies (`home`). No secret is written: the file names variables of the environment.
"""

from pathlib import Path
from typing import Any

import yaml
from pydantic import SecretStr

from resources.errors import PlatformError
from resources.settings import PROJECT_ROOT, Settings

DAGSTER_URL = "PLATFORM_DAGSTER_URL"
QUEUE_URL = "PLATFORM_QUEUE_URL"
QUEUED_START_SECONDS = 600  # a worker may have to import everything first


def instance_config(s: Settings, home: Path) -> dict[str, Any]:
    """Return the configuration of the instance that the settings ask for.

    Args:
        s: the settings.
        home: DAGSTER_HOME of this machine.
    """
    config: dict[str, Any] = yaml.safe_load((PROJECT_ROOT / "dagster.yaml").read_text())
    if s.database_pool:
        config["concurrency"]["pools"] = {"granularity": "op", "default_limit": s.database_pool}
    return config | _storage(s, home) | (_queue(s, config) if _has(s.queue_url) else {})


def _storage(s: Settings, home: Path) -> dict[str, Any]:
    """Return where runs and events are kept: a shared database, or files of this machine."""
    if _has(s.dagster_url):
        return {
            "storage": {
                "custom": {
                    "module": "platform_assets.server.postgres",
                    "class": "KeptPostgres",
                    "config": {"postgres_url": {"env": DAGSTER_URL}},
                }
            }
        }
    return {
        "event_log_storage": {
            "module": "platform_assets.server.event_log",
            "class": "KeptEventLog",
            "config": {"base_dir": str(home / "history" / "runs")},
        }
    }


def _queue(s: Settings, config: dict[str, Any]) -> dict[str, Any]:
    """Return who launches runs on the workers of a queue, and how many at once."""
    where = {"url": {"env": QUEUE_URL}, "lease": s.worker_lease}
    module = "platform_assets.server.launcher"
    coordinator = dict(config["run_coordinator"]["config"])
    # As many at once as there are places on workers: the limit of one machine says nothing here.
    coordinator["tag_concurrency_limits"] = config["concurrency"]["runs"]["tag_concurrency_limits"]
    limits = {name: value for name, value in config["concurrency"].items() if name != "runs"}
    return {
        "run_launcher": {"module": module, "class": "QueueLauncher", "config": where},
        "run_coordinator": {
            "module": module,
            "class": "FreePlaces",
            "config": coordinator | where,
        },
        "concurrency": limits,
        "run_monitoring": config["run_monitoring"]
        | {"start_timeout_seconds": QUEUED_START_SECONDS},
    }


def _has(secret: SecretStr) -> bool:
    return bool(secret.get_secret_value())


def instance_environment(s: Settings) -> dict[str, str]:
    """Return the variables that the configuration names, for this process and its children."""
    found = {
        DAGSTER_URL: s.dagster_url.get_secret_value(),
        QUEUE_URL: s.queue_url.get_secret_value(),
    }
    return {name: value for name, value in found.items() if value}


def require_servers(s: Settings) -> None:
    """Return when every server that the instance rests on answers.

    Raises:
        PlatformError: one does not; naming the setting, never a password.
    """
    if _has(s.dagster_url):
        from platform_assets.server.postgres import require

        require(s.dagster_url.get_secret_value())
    if not _has(s.queue_url):
        return
    if not _has(s.dagster_url):
        raise PlatformError(
            "PLATFORM_QUEUE_URL is set and PLATFORM_DAGSTER_URL is not: workers on other machines "
            "would not find the runs.",
            hint="Set PLATFORM_DAGSTER_URL to a PostgreSQL database that every machine reaches.",
        )
    from platform_assets.server.workers import require as require_queue

    require_queue(s.queue_url.get_secret_value())
