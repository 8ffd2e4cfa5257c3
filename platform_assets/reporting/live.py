"""A report's page with other parameters: read-only, within limits, never written anywhere.

    html = live.render("acquisition", {"period_from": "2026-07-01"})

`render` starts a process of its own for the page, so that a slow or large query takes down nothing
but itself: after `SECONDS` it is ended. What does not belong here: the pages around it.
"""

import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from platform_assets import reporting
from platform_assets.reporting import archive, page
from platform_assets.reporting import declaration as declarations
from platform_assets.reporting.declaration import RenderContext, ReportDeclaration, UpstreamCheck
from platform_assets.reporting.errors import ReportError
from platform_assets.reporting.queries import How
from platform_assets.reporting.svg import Drawer
from resources.errors import PlatformError
from resources.settings import PROJECT_ROOT, settings
from resources.warehouse import Warehouse

SECONDS = 20.0
ROWS = 20_000  # of each query
MEMORY = "1GB"
LONGEST_VALUE = 1_000


def render(
    report: str | ReportDeclaration, values: Mapping[str, str], seconds: float = SECONDS
) -> str:
    """Return the page of a report with these values of its parameters, as HTML.

    Args:
        report: its name, or its declaration.
        values: texts by the name that SQL has for the parameter (`period_from`); an empty text is
            the default.
        seconds: after which it is given up.

    Raises:
        ReportError: there is no such report, a value can't be, the report has a mistake, or it
            takes too long; in words for the reader.
    """
    folder = report.document.parent if isinstance(report, ReportDeclaration) else _find(report)
    asked = {"folder": str(folder), "values": {k: v[:LONGEST_VALUE] for k, v in values.items()}}
    command = [sys.executable, "-m", "platform_assets.reporting.live"]
    process = subprocess.Popen(
        command,
        cwd=PROJECT_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )
    try:
        out, errors = process.communicate(json.dumps(asked), timeout=seconds)
    except subprocess.TimeoutExpired:
        raise ReportError(
            f"this took longer than {seconds:.0f} seconds and was given up.",
            hint="Choose a shorter period, or ask the owner for a report on a smaller table.",
        ) from None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return _answer(out, errors)


def _answer(out: str, errors: str) -> str:
    try:
        said = json.loads(out)
    except ValueError:
        last = (errors.strip().splitlines() or ["no reason given"])[-1]
        raise ReportError(f"the page could not be made: {last[:300]}") from None
    if "error" in said:
        raise ReportError(said["error"], hint=said["hint"])
    return str(said["html"])


def _find(name: str) -> Path:
    return declarations.find(folder(), name)


def folder() -> Path:
    """Return the folder of the declarations that the settings name."""
    spec = importlib.util.find_spec(settings().defs_module)
    places = spec.submodule_search_locations if spec else None
    return Path(next(iter(places))) if places else PROJECT_ROOT


def fill(report: ReportDeclaration, values: Mapping[str, str]) -> str:
    """Return the page, made in this process.

    Raises:
        ReportError: as `render`, without a limit of time.
        PlatformError: there is no warehouse.
    """
    warehouse = Warehouse(settings().warehouse, MEMORY, settings().threads, settings().data / "tmp")
    context = context_of(report, warehouse.snapshot())
    with Drawer() as drawer:
        how = How(given={k: v for k, v in values.items() if v}, row_cap=ROWS)
        return page.compose(reporting.fill(report, warehouse.engine(), context, drawer, how))


def context_of(report: ReportDeclaration, snapshot: int | None) -> RenderContext:
    """Return what a page that is made now says of itself.

    What is late and which checks failed is what the newest version of the report says.
    """
    context = RenderContext(
        owner=report.owner,
        freshness=report.freshness,
        generated_at=datetime.now(UTC),
        snapshot=snapshot,
        live_url=f"/catalog/report/{report.name}/live",
        explain_url=f"/catalog/explain/{report.name}",
    )
    newest = archive.from_settings().newest(report.name)
    if newest is None:
        return context
    facts: dict[str, Any] = newest.facts
    told = facts.get("checks", {})
    checks = [UpstreamCheck("", passed=True)] * int(told.get("passed", 0))
    checks += [UpstreamCheck(name, passed=False) for name in told.get("failed", [])]
    checks += [UpstreamCheck(name, False, "WARN") for name in told.get("warned", [])]
    return replace(context, checks=tuple(checks), stale=tuple(facts.get("late", ())))


def main() -> None:
    """Read what is asked from stdin, write the answer to stdout."""
    asked = json.load(sys.stdin)
    try:
        report = ReportDeclaration.load(Path(asked["folder"]))
        said = {"html": fill(report, asked["values"])}
    except PlatformError as error:  # a ReportError is one
        said = {"error": error.message, "hint": error.hint}
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()
