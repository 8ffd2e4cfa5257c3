"""What a person sees of a materialization: progress while it runs, a table when it is done.

On a terminal a bar with the assets that are running; elsewhere one line per finished asset. While
assets run, whatever they print goes to a log file, so that it cannot tear the display apart.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from platform_assets.commands.execution import AssetOutcome, Outcome

SYMBOLS = {"done": ("✓", "green"), "failed": ("✗", "red"), "skipped": ("–", "yellow")}
WORDS = {"done": "materialized", "failed": "failed", "skipped": "skipped"}
FINISHED = set(SYMBOLS)
MESSAGE_LINES = 12


@contextmanager
def quiet_output(log: Path) -> Iterator[Console]:
    """Send this process's output to `log` while the block runs; yield a console that is still seen.

    Works on file descriptors: it holds for native libraries and child processes too.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(1), os.dup(2)]
    with (
        os.fdopen(os.dup(1), "w", encoding="utf-8") as seen,
        log.open("ab", buffering=0) as file,
    ):
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield Console(file=seen)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, descriptor in enumerate(kept, start=1):
                os.dup2(descriptor, number)
                os.close(descriptor)


class Display:
    """Progress of one run on a console.

    Args:
        console: where to print.
        total: number of assets that the run materializes.
    """

    def __init__(self, console: Console, total: int) -> None:
        self.console = console
        self.printed: set[str] = set()
        self.progress = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[running]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self.task = self.progress.add_task("Materializing", total=total, running="")

    def __enter__(self) -> Self:
        self.progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.progress.stop()

    def update(self, _event: Any, outcome: Outcome) -> None:
        """Show the outcome so far; a listener for `execution.execute`."""
        running = [a.key for a in outcome.assets.values() if a.status == "running"]
        for asset in outcome.assets.values():
            if asset.status in FINISHED and asset.key not in self.printed:
                self.printed.add(asset.key)
                self.console.print(_line(asset))
        shown = ", ".join(running[:3]) + (" …" if len(running) > 3 else "")
        self.progress.update(self.task, completed=len(self.printed), running=shown)


def _line(asset: AssetOutcome) -> Text:
    symbol, style = SYMBOLS[asset.status]
    line = Text.assemble((f"{symbol} ", style), asset.key)
    if asset.rows is not None:
        line.append(f"  {asset.rows:,} rows", "cyan")
    if asset.seconds is not None:
        line.append(f"  {asset.seconds:.2f} s", "dim")
    return line


def summary(console: Console, outcome: Outcome, log: Path) -> None:
    """Print the table of assets, rows and seconds, then what failed, and why."""
    table = Table(header_style="bold")
    table.add_column("asset")
    table.add_column("rows", justify="right")
    table.add_column("seconds", justify="right")
    table.add_column("")
    for asset in outcome.assets.values():
        symbol, style = SYMBOLS.get(asset.status, ("–", "yellow"))
        rows = "" if asset.rows is None else f"{asset.rows:,}"
        seconds = "" if asset.seconds is None else f"{asset.seconds:.2f}"
        table.add_row(Text(asset.key), rows, seconds, Text(f"{symbol} {asset.status}", style))
    console.print(table)
    _print_failures(console, outcome)
    count = {s: sum(a.status == s for a in outcome.assets.values()) for s in SYMBOLS}
    checks = sum(not c.passed for c in outcome.checks)
    words = ", ".join(
        [
            *(f"{count[s]} {word}" for s, word in WORDS.items()),
            f"{len(outcome.checks)} checks, {checks} not passed",
        ]
    )
    style = "bold red" if outcome.failed else "bold green"
    console.print(Text(f"{words}, in {outcome.seconds:.1f} s", style))
    if outcome.failed:
        console.print(Text(f"Everything the assets printed: {log}", "dim"))


def _print_failures(console: Console, outcome: Outcome) -> None:
    for asset in outcome.assets.values():
        if asset.status == "failed":
            lines = asset.message.splitlines()
            cut = ["…"] if len(lines) > MESSAGE_LINES else []
            console.print(Text(f"\n✗ {asset.key}", "bold red"))
            console.print(Text("\n".join(lines[:MESSAGE_LINES] + cut)))
    for check in outcome.checks:
        if not check.passed:
            style = "red" if check.severity == "ERROR" else "yellow"
            first = check.description.splitlines()[0] if check.description else ""
            console.print(
                Text.assemble((f"{check.severity} ", style), f"{check.asset} {check.name}: {first}")
            )


def stamp(log: Path, words: str) -> None:
    """Write one line with the time into a log file, so that its parts can be told apart."""
    with log.open("a", encoding="utf-8") as file:
        file.write(f"--- {time.strftime('%Y-%m-%d %H:%M:%S')} {words}\n")
