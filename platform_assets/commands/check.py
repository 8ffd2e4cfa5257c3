"""`platform-assets check`: everything that can be known to be wrong without running anything."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import click

from platform_assets.server.home import Home
from resources.settings import PROJECT_ROOT

PACKAGES = ("resources", "platform_assets")
LINES_SHOWN = 60
REPORTS = "platform_assets.components.report_checks"
PARSE = """
import sys
from resources.dbt import DbtProject
from resources.errors import PlatformError
try:
    DbtProject.from_settings().parse()
except PlatformError as error:
    sys.exit(str(error))
"""


@dataclass(frozen=True)
class Check:
    """One command and what it checks."""

    name: str
    command: Sequence[str]


@dataclass(frozen=True)
class Result:
    """What a check said."""

    check: Check
    code: int
    output: str
    seconds: float


def checks() -> list[Check]:
    """Return every check, the slowest first so that two can share the time."""
    tool = _tool
    return [
        Check("types", [sys.executable, "-m", "mypy", "--strict", *PACKAGES]),
        Check("lint", [sys.executable, "-m", "ruff", "check", "."]),
        Check("format", [sys.executable, "-m", "ruff", "format", "--check", "."]),
        Check("declarations", [tool("dg"), "check", "yaml"]),
        Check("definitions", [tool("dagster"), "definitions", "validate", "-w", "workspace.yaml"]),
        Check("glossary", [sys.executable, "-m", "platform_assets.catalog.glossary_check"]),
        Check("dbt project", [sys.executable, "-c", PARSE]),
        Check("reports", [sys.executable, "-m", REPORTS]),
    ]


def _tool(name: str) -> str:
    """Return the path of a console script of this environment."""
    return str(Path(sys.executable).parent / name)


@click.command()
def check() -> None:
    """Check the project without running it: lint, types, declarations, definitions, dbt project,
    reports.

    Runs ruff, mypy in strict mode, `dg check yaml`, `dagster definitions validate`, a parse of the
    dbt project, and a check of every report's SQL and blocks against the tables and columns there
    are, and prints what those that fail have to say. Exits with 1 if any does.
    """
    home = Home.from_settings()
    home.enter()
    failed = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        for result in pool.map(_run, checks()):
            good = result.code == 0
            mark = click.style("✓", fg="green") if good else click.style("✗", fg="red")
            click.echo(f"{mark} {result.check.name:<14}{result.seconds:6.1f} s")
            if not good:
                failed.append(result)
    for result in failed:
        click.echo(f"\n{click.style(result.check.name, bold=True)}: {_shown(result.check)}")
        lines = result.output.rstrip().splitlines()
        click.echo("\n".join(lines[:LINES_SHOWN]))
        if len(lines) > LINES_SHOWN:
            click.echo(f"… and {len(lines) - LINES_SHOWN} more lines; run it alone to see them.")
    if failed:
        raise click.exceptions.Exit(1)


def _run(check: Check) -> Result:
    start = time.monotonic()
    done = subprocess.run(
        check.command,
        cwd=PROJECT_ROOT,
        env={**os.environ, "PYTHONPATH": str(PROJECT_ROOT), "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Result(check, done.returncode, done.stdout, time.monotonic() - start)


def _shown(check: Check) -> str:
    first, *rest = check.command
    return " ".join([Path(first).name, *(part for part in rest if "\n" not in part)])
