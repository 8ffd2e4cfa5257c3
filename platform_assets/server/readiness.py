"""Whether the platform can do its work now: each thing that it depends on, and why not.

What belongs here: asking, with limits on time and on how often. What does not: whether a process
lives (`vital_signs`). What is told is for everybody: no secret is in it.
"""

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from platform_assets.server import vital_signs
from platform_assets.server.guard import safe
from resources.errors import PlatformError
from resources.settings import Settings

KEPT_SECONDS = 1.0
PATIENCE_SECONDS = 4.0
Ask = Callable[[], str]


@dataclass
class Probe:
    """One thing that the platform depends on.

    Args:
        ask: returns words for what is well; raises, with the reason, for what is not.
    """

    ask: Ask
    asked: float = 0.0
    answer: "Future[str] | None" = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def check(self, pool: ThreadPoolExecutor) -> dict[str, Any]:
        """Return `ok` and `says`; a question that hangs is not asked a second time meanwhile."""
        with self.lock:
            now = time.monotonic()
            old = now - self.asked > KEPT_SECONDS
            if self.answer is None or (old and self.answer.done()):
                self.answer, self.asked = pool.submit(self.ask), now
            answer, asked = self.answer, self.asked
        try:
            says = answer.result(timeout=max(asked + PATIENCE_SECONDS - time.monotonic(), 0.0))
            return {"ok": True, "says": says}
        except Late:
            return {"ok": False, "says": f"no answer for {time.monotonic() - asked:.0f} s"}
        except PlatformError as error:
            return {"ok": False, "says": error.message}
        except Exception as error:
            words = " ".join(str(error).split())[:300] or type(error).__name__
            return {"ok": False, "says": safe(words)}


class Readiness:
    """All probes, asked at once."""

    def __init__(self, probes: Mapping[str, Ask]) -> None:
        self._probes = {name: Probe(ask) for name, ask in probes.items()}
        self._pool = ThreadPoolExecutor(max_workers=len(probes), thread_name_prefix="ready")
        self._turn = ThreadPoolExecutor(max_workers=len(probes), thread_name_prefix="ready-wait")

    @property
    def names(self) -> list[str]:
        """What can be asked for."""
        return list(self._probes)

    def report(self, names: Sequence[str] = ()) -> dict[str, Any]:
        """Return `ready`, and under `checks` what each of `names` (all by default) says."""
        wanted = {n: p for n, p in self._probes.items() if not names or n in names}
        answers = self._turn.map(lambda probe: probe.check(self._pool), wanted.values())
        checks = dict(zip(wanted, answers, strict=True))
        return {"ready": all(check["ok"] for check in checks.values()), "checks": checks}


def probes(context: Any, warehouse: Any, s: Settings) -> dict[str, Ask]:
    """Return the probes of a web server.

    Args:
        context: Dagster's `WorkspaceProcessContext`.
        warehouse: the warehouse that the pages read.
        s: the settings.
    """
    found = {
        "storage": lambda: _storage(context),
        "code": lambda: _code(context),
        "daemon": lambda: _daemon(context),
        "warehouse": lambda: _warehouse(warehouse),
        "landing": lambda: _landing(s.landing),
    }
    if s.queue_url.get_secret_value():
        found["workers"] = lambda: _workers(s)
    if s.spark_url.get_secret_value():
        found["spark"] = lambda: _spark(s.spark_url.get_secret_value())
    return found


def _spark(url: str) -> str:
    from resources.spark.session import probe

    probe(url, PATIENCE_SECONDS / 2)
    return "Spark answers"


def _storage(context: Any) -> str:
    context.instance.get_daemon_heartbeats()
    return "Dagster's database answers"


def _code(context: Any) -> str:
    request = context.create_request_context()
    for name in request.code_location_names:
        entry = request.get_location_entry(name)
        if entry is None or entry.code_location is None:
            error = entry.load_error if entry is not None else None
            reason = error.message.strip().splitlines()[0][:300] if error else "not loaded yet"
            raise PlatformError(f"the definitions of {name} are not there: {reason}")
    return "the definitions are loaded"


def _daemon(context: Any) -> str:
    heartbeats = context.instance.get_daemon_heartbeats()
    if not heartbeats:
        raise PlatformError("no daemon was ever heard of")
    newest = max(heartbeat.timestamp for heartbeat in heartbeats.values())
    silent = vital_signs.silence(datetime.fromtimestamp(newest, UTC))
    if silent:
        raise PlatformError(silent)
    return "a daemon works"


def _warehouse(warehouse: Any) -> str:
    with warehouse.reading() as connection:
        connection.execute("SELECT count(*) FROM duckdb_schemas() WHERE database_name = 'lake'")
    _object_store(warehouse.data_path)
    return "the warehouse answers"


def _landing(url: str) -> str:
    if "://" not in url:
        if not os.path.isdir(url):
            raise PlatformError("the folder of the landing zone is not there")
    elif not _object_store(url):
        import fsspec

        filesystem, path = fsspec.url_to_fs(url)
        filesystem.invalidate_cache()
        if not filesystem.exists(path):
            raise PlatformError("the landing zone is not there")
    return "the landing zone is there"


def _object_store(url: str) -> bool:
    """Ask for an object that nobody has: the store answers. Return whether `url` is one."""
    from obstore.exceptions import NotFoundError

    from resources import object_store

    if not object_store.is_object_store(url):
        return False
    with object_store.explained(url):
        try:
            object_store.store(url, patience=PATIENCE_SECONDS / 2).head(".ready")
        except (NotFoundError, FileNotFoundError):
            return True
    return True


def _workers(s: Settings) -> str:
    from platform_assets.server.workers import Workers

    living = Workers(s.queue_url.get_secret_value(), s.worker_lease).alive()
    if not living:
        raise PlatformError("no worker takes runs: start one with `platform-assets worker`")
    return f"{len(living)} workers with {sum(w.slots for w in living)} places"
