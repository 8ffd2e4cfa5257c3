"""Looking for new data: what waits at each source, what of it is due, and waiting for more.

What belongs here: what a sensor asks and remembers. What does not: the runs that it starts
(`automation`), listing files (`resources.landing`), loading them (`ingestion`).
"""

import hashlib
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import dagster as dg

from platform_assets.ingestion import database, files
from platform_assets.ingestion.declaration import DatabaseDeclaration, FileDeclaration
from resources.errors import PlatformError
from resources.landing import LandedFile, Landing, Span, glob
from resources.settings import settings
from resources.warehouse import Warehouse

FIRST_RETRY = 10.0  # seconds after a failed run; doubles with each further failure
LAST_RETRY = 600.0
GLANCE_SECONDS = 0.3  # between two looks at the names of landed files
SHOWN = 3  # names that a message tells
MOST_UNCLAIMED = 1_000  # names of files of no source that are remembered


class Watched(Protocol):
    """A source that a sensor can look at."""

    def waiting(self, instance: dg.DagsterInstance) -> dict[dg.AssetKey, str]:
        """Return a fingerprint of what is new, for each raw asset that has something new."""
        ...

    def landed(self) -> int:
        """Return a number that is another one as soon as something lands; 0 if it costs to know."""
        ...

    def spans(self) -> Mapping[str, Sequence[Span]]:
        """Return where in its landing zone the last look found what is new, by source."""
        ...


@dataclass
class WatchedFiles:
    """A file source: new is what has landed, stands still, and is not in the ledger."""

    key: dg.AssetKey
    declaration: FileDeclaration
    warehouse: Warehouse
    landing: Landing
    _spans: Sequence[Span] | None = None

    def waiting(self, instance: dg.DagsterInstance) -> dict[dg.AssetKey, str]:
        """Return a fingerprint of the files that wait."""
        found = files.fresh(self.warehouse, self.landing, self.declaration)
        self._spans = found.spans
        stable = self.landing.stable(found.files, settings().stable_seconds) if found.files else []
        if not stable:
            return {}
        names = "\n".join(f"{f.path}\t{f.size}\t{f.modified_at}\t{f.version}" for f in stable)
        digest = hashlib.sha256(names.encode("utf-8", "surrogateescape"))
        return {self.key: digest.hexdigest()[:16]}

    def landed(self) -> int:
        """Return a number that says which files there are."""
        return hash(tuple(self.landing.find(self.declaration.glob))) if self.landing.is_local else 0

    def spans(self) -> Mapping[str, Sequence[Span]]:
        """Return where the last look found what is new."""
        return {self.declaration.name: self._spans} if self._spans else {}


@dataclass(frozen=True)
class WatchedTables:
    """A database source: new is a table whose fingerprint differs from its last load's."""

    keys: Mapping[str, dg.AssetKey]  # table → raw asset
    declaration: DatabaseDeclaration

    def waiting(self, instance: dg.DagsterInstance) -> dict[dg.AssetKey, str]:
        """Return the fingerprint of every table that has changed."""
        changed = {}
        for table, fingerprint in database.probe(self.declaration).items():
            key = self.keys[table]
            event = instance.get_latest_materialization_event(key)
            known = event.asset_materialization if event else None
            loaded = known.metadata.get("source_fingerprint") if known else None
            if loaded is None or loaded.value != fingerprint:
                changed[key] = fingerprint
        return changed

    def landed(self) -> int:
        """Return 0: asking the database costs."""
        return 0

    def spans(self) -> Mapping[str, Sequence[Span]]:
        """Return nothing: there is no landing zone."""
        return {}


@dataclass
class Unclaimed:
    """Landed files that no source's glob matches: nothing would ever tell that they wait.

    A folder is listed whole for it, an object store in parts, so it is done rarely.
    """

    globs: Sequence[str]
    landing: Landing
    every: float = 60.0  # seconds
    _looked_at: float = -1e9
    _found: dict[str, LandedFile] = field(default_factory=dict)

    def waiting(self, instance: dg.DagsterInstance) -> dict[dg.AssetKey, str]:
        """Return nothing.

        Raises:
            PlatformError: there are such files.
        """
        if time.monotonic() - self._looked_at > self.every:
            self._look()
            self._looked_at = time.monotonic()
        if self._found:
            raise PlatformError(
                f"Files have landed that belong to no source: {_some(sorted(self._found))}.",
                hint="Widen the glob of a source, declare another, or take them away.",
            )
        return {}

    def _look(self) -> None:
        found = self.landing.fresh("**", self._claimed)
        if found.spans is None:  # that was all there is
            self._found.clear()
        for name in sorted(self._found)[:SHOWN]:
            if self.landing.look(self._found[name]) is None:
                del self._found[name]
        self._found |= {file.name: file for file in found.files[:MOST_UNCLAIMED]}

    def _claimed(self, file: LandedFile) -> bool:
        return any(glob(each).matches(file.path) for each in self.globs)

    def landed(self) -> int:
        """Return 0: nothing of it is urgent."""
        return 0

    def spans(self) -> Mapping[str, Sequence[Span]]:
        """Return nothing: no run loads these."""
        return {}


def _some(paths: Sequence[str], most: int = SHOWN) -> str:
    more = f" and {len(paths) - most:,} more" if len(paths) > most else ""
    return ", ".join(paths[:most]) + more


@dataclass
class Attempts:
    """What the sensor has asked for, so that a failing load is tried again, but not at once."""

    asked: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def load(cls, cursor: str | None) -> "Attempts":
        """Read the sensor's cursor; what can't be read is forgotten, at the cost of one run."""
        try:
            return cls(json.loads(cursor or "{}"))
        except ValueError:
            return cls()

    def due(self, waiting: Mapping[dg.AssetKey, str], now: float) -> dict[dg.AssetKey, str]:
        """Return what is new, or has waited long enough since it failed; and note it as asked."""
        due = {}
        for key, fingerprint in waiting.items():
            name = key.to_user_string()
            last = self.asked.get(name)
            if last and last["fingerprint"] == fingerprint:
                wait = min(FIRST_RETRY * 2 ** (last["times"] - 1), LAST_RETRY)
                if now < last["at"] + wait:
                    continue
                times = last["times"] + 1
            else:
                times = 1
            self.asked[name] = {"fingerprint": fingerprint, "times": times, "at": now}
            due[key] = fingerprint
        return due

    def dump(self) -> str:
        """Return the sensor's next cursor."""
        return json.dumps(self.asked)


def watch(
    sources: Sequence[Watched], instance: dg.DagsterInstance, attempts: Attempts, seconds: float
) -> tuple[dict[dg.AssetKey, str], list[str]]:
    """Return what is due, and what could not be looked at; wait for it, but no longer than that.

    While it waits, only the listing of local files is compared, which costs milliseconds.
    """
    until, seen = time.monotonic() + seconds, _landed(sources)
    while True:
        waiting, troubles = _look(sources, instance)
        due = attempts.due(waiting, time.time())
        if due:
            return due, troubles
        while True:
            started = time.monotonic()
            now = _landed(sources)
            if now != seen:
                break
            pause = max(GLANCE_SECONDS, 10 * (time.monotonic() - started))
            if time.monotonic() + pause > until:
                return {}, troubles
            time.sleep(pause)
        seen = now


def _landed(sources: Iterable[Watched]) -> list[int]:
    """Return what tells one state of the landing zone from another."""
    found = []
    for source in sources:
        try:
            found.append(source.landed())
        except PlatformError:  # told by the look itself
            found.append(0)
    return found


def _look(
    sources: Iterable[Watched], instance: dg.DagsterInstance
) -> tuple[dict[dg.AssetKey, str], list[str]]:
    """Ask every source what is new; one that can't be reached does not hide the others."""
    waiting: dict[dg.AssetKey, str] = {}
    troubles = []
    for source in sources:
        try:
            waiting |= source.waiting(instance)
        except PlatformError as error:
            troubles.append(error.message)
    return waiting, troubles
