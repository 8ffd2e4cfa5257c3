"""The sample company on every engine: delivered once, walked on each at the same time.

What belongs here: deliveries, walks, and reading what they left. What does not: the steps of a walk
(`walking`), and what must come out of it (the tests).
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from platform_assets.sample import Manifest, SampleConfig, generate
from resources.settings import PROJECT_ROOT, settings
from resources.warehouse import Warehouse
from tests.engines import comparing
from tests.engines.comparing import Contents
from tests.engines.kinds import ENGINES, Settings, settings_of

START = date(2026, 1, 24)
DAYS = {"first": 36, "second": 39}  # a Monday with its exports lies between them
EVENTS_PER_DAY = 100
SEED = 6  # one whose second delivery has late events, redeliveries and bad records
TIMEOUT = 900  # seconds; a machine may be busy


@dataclass
class Walk:
    """A platform of its own on one engine, after all steps.

    Attributes:
        data: its data folder.
        environment: the settings of its engine.
    """

    engine: str
    data: Path
    environment: Settings
    process: subprocess.Popen[bytes] | None = None
    output: str = ""
    _contents: dict[str, dict[str, Contents]] = field(default_factory=dict, repr=False)

    def start(self, *arguments: object, **environment: str) -> None:
        """Start `python -m <arguments>` with the settings of this walk; `end` waits for it."""
        self.data.mkdir(parents=True, exist_ok=True)
        with (self.data / "output").open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *map(str, arguments)],
                cwd=PROJECT_ROOT,
                env={**without_settings(), **self.environment, **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def end(self) -> None:
        """Wait for the process; fails with its words when it did."""
        assert self.process is not None
        try:
            code = self.process.wait(TIMEOUT)
        finally:
            self.process.kill()
        self.output = (self.data / "output").read_text(errors="replace")
        assert code == 0, f"the walk on {self.engine} failed:\n{self.output[-6000:]}"

    @cached_property
    def steps(self) -> dict[str, Any]:
        """What became of each step; see `walking.told`."""
        found: dict[str, Any] = json.loads((self.data / "walked.json").read_text())
        return found

    @contextmanager
    def entered(self) -> Iterator[Warehouse]:
        """Give this process the walk's settings for the length of a block, and the warehouse."""
        before = dict(os.environ)
        os.environ.update(self.environment)
        settings.cache_clear()
        try:
            yield Warehouse.from_settings()
        finally:
            os.environ.clear()
            os.environ.update(before)
            settings.cache_clear()

    def contents(self, step: str) -> dict[str, Contents]:
        """Return what every table held after a step."""
        if step not in self._contents:
            with self.entered() as warehouse:
                connection = warehouse.connect(read_only=True)
            try:
                snapshot = self.steps[step]["snapshot"]
                self._contents[step] = comparing.read(connection, snapshot)
            finally:
                connection.close()
        return self._contents[step]

    def views(self) -> set[str]:
        """Return the names of the views: they have no history, and an engine may build tables."""
        with self.entered() as warehouse, warehouse.reading() as connection:
            return comparing.views(connection)

    def reports(self) -> dict[str, list[Path]]:
        """Return the folders of each report's versions, oldest first."""
        found: dict[str, list[Path]] = {}
        for version in sorted(path for path in self.data.glob("reports/*/*") if path.is_dir()):
            found.setdefault(version.parent.name, []).append(version)
        return found


def without_settings() -> dict[str, str]:
    """Return this process's environment without the platform's settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PLATFORM_")}


def deliver(folder: Path) -> dict[str, Manifest]:
    """Make the deliveries, each with all of the one before, and return what is planted in each."""
    planted = {}
    before: Path | None = None
    for name, days in DAYS.items():
        root = folder / name
        if before is not None:
            shutil.copytree(before / "landing", root / "landing", copy_function=os.link)
            shutil.copytree(before / "sample", root / "sample")
        config = SampleConfig(days, EVENTS_PER_DAY, SEED, START + timedelta(days=days))
        planted[name] = generate(root / "landing", root / "sample" / "shop.sqlite", config)
        before = root
    return planted


def walk_all(folder: Path) -> dict[str, Walk]:
    """Walk every engine, all at the same time, on what `deliver` made in `<folder>/deliveries`."""
    walks = {}
    for engine in ENGINES:
        data = folder / engine
        walks[engine] = Walk(engine, data, settings_of(engine, data))
    for walk in walks.values():
        walk.start("tests.engines.walking", folder / "deliveries")
    for walk in walks.values():
        walk.end()
    return walks
