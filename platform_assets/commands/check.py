"""`platform-assets check`: everything that can be known to be wrong without running anything."""

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import click

from platform_assets.commands.complaint import complain
from platform_assets.commands.declarations import refuse_faults
from platform_assets.server.home import DEFINITIONS_MODULE, Home
from resources.errors import PlatformError
from resources.settings import PROJECT_ROOT

PACKAGES = ("resources", "platform_assets")
LINES_SHOWN = 60
REPORTS = "platform_assets.components.report_checks"
LOAD = """
import sys
from platform_assets.commands.execution import load_definitions
from resources.errors import PlatformError
try:
    load_definitions("platform_assets.definitions")
except PlatformError as error:
    sys.exit(str(error))
"""
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
    needs_definitions: bool = False


@dataclass(frozen=True)
class Result:
    """What a check said."""

    check: Check
    code: int | None  # None: it did not run
    output: str
    seconds: float


def checks() -> list[Check]:
    """Return every check but that the definitions load, the slowest first: two share the time."""
    tool = _tool
    glossary = "platform_assets.catalog.glossary_check"
    return [
        Check("types", [sys.executable, "-m", "mypy", "--strict", *PACKAGES]),
        Check("lint", [sys.executable, "-m", "ruff", "check", "."]),
        Check("format", [sys.executable, "-m", "ruff", "format", "--check", "."]),
        Check("declarations", [tool("dg"), "check", "yaml"], needs_definitions=True),
        Check(
            "code location",
            [tool("dagster"), "definitions", "validate", "-w", "workspace.yaml"],
            needs_definitions=True,
        ),
        Check("glossary", [sys.executable, "-m", glossary], needs_definitions=True),
        Check("dbt project", [sys.executable, "-c", PARSE]),
        Check("reports", [sys.executable, "-m", REPORTS], needs_definitions=True),
    ]


def _tool(name: str) -> str:
    """Return the path of a console script of this environment."""
    return str(Path(sys.executable).parent / name)


@click.command()
@click.option(
    "--declarations",
    is_flag=True,
    help="Only what `up` checks before it starts: that the definitions load, and that reports and "
    "records name tables and columns that are there. Takes seconds.",
)
@click.option(
    "--definitions",
    default=DEFINITIONS_MODULE,
    show_default=True,
    help="Of --declarations: the module with the definitions.",
)
def check(declarations: bool, definitions: str) -> None:
    """Check the project without running it: lint, types, declarations, definitions, dbt project,
    reports.

    Runs ruff, mypy in strict mode, `dg check yaml`, `dagster definitions validate`, a parse of the
    dbt project, and a check of every report's SQL and blocks against the tables and columns there
    are, and prints what those that fail have to say. What needs definitions is not run when they
    do not load. Exits with 1 if any fails.
    """
    home = Home.from_settings()
    home.enter()
    if declarations:
        _declarations(definitions)
        return
    failed = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        loading = pool.submit(_run, Check("definitions", [sys.executable, "-c", LOAD]))
        others = pool.map(lambda other: _run_after(loading, other), checks())
        for result in itertools.chain([loading.result()], others):
            click.echo(_line(result))
            if result.code:
                failed.append(result)
    for result in failed:
        click.echo(f"\n{click.style(result.check.name, bold=True)}: {_shown(result.check)}")
        lines = result.output.rstrip().splitlines()
        click.echo("\n".join(lines[:LINES_SHOWN]))
        if len(lines) > LINES_SHOWN:
            click.echo(f"… and {len(lines) - LINES_SHOWN} more lines; run it alone to see them.")
    if failed:
        raise click.exceptions.Exit(1)


def _declarations(definitions: str) -> None:
    """Print what is wrong with the declarations, and exit with 1 if anything is."""
    try:
        refuse_faults(definitions)
    except PlatformError as error:
        complain(error)
        raise click.exceptions.Exit(1) from error


def _line(result: Result) -> str:
    """Return the line of a check: whether it is good, and how long it took."""
    if result.code is None:
        return f"- {result.check.name:<14}not run: the definitions do not load"
    mark = click.style("✗", fg="red") if result.code else click.style("✓", fg="green")
    return f"{mark} {result.check.name:<14}{result.seconds:6.1f} s"


def _run_after(loading: Future[Result], check: Check) -> Result:
    """Run a check; one that needs the definitions only if they load."""
    if check.needs_definitions and loading.result().code:
        return Result(check, None, "", 0.0)
    return _run(check)


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
