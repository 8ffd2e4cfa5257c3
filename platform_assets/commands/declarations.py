"""Whether the declarations are good, found out in one process and before anything runs.

What belongs here: what `check --declarations` does, and when `up` has it done. What does not: the
other checks (`check`), why definitions do not load (`server.load_errors`).
"""

import hashlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path

import click

from platform_assets.commands.child import run_command
from platform_assets.server.home import DEFINITIONS_MODULE, Home
from resources.errors import PlatformError
from resources.settings import PROJECT_ROOT, settings

CODE = ("platform_assets", "resources")


def refuse_faults(definitions: str) -> None:
    """See that the definitions load, and that reports and records name what is there.

    Raises:
        PlatformError: with every fault that is found, each with file and line.
    """
    from platform_assets.commands.execution import load_definitions
    from platform_assets.components import report_checks

    found = load_definitions(definitions)
    if definitions != DEFINITIONS_MODULE:
        return
    faults = report_checks.faults(found.resolve_all_asset_specs())
    if faults:
        raise PlatformError(
            "\n\n".join(faults), hint="Mend what is named above; `make check` checks it again."
        )


def require(home: Home, definitions: str) -> None:
    """End this command with 1 where the declarations have a fault, which is printed.

    A child does it, so that this process keeps little in memory; it is spared where no file has
    changed since all was well.
    """
    known = home.run / "declarations-checked"
    state = f"{definitions} {_state()}"
    if known.exists() and known.read_text() == state:
        return
    click.echo("Checking the declarations …")
    code = run_command(["check", "--declarations", "--definitions", definitions])
    if code:
        raise click.exceptions.Exit(code)
    known.write_text(state)


def _state() -> str:
    """Return what changes with any file that is declared, and with the code that reads them."""
    told = [f"{path} {s.st_mtime_ns} {s.st_size}" for path in _files() if (s := path.stat())]
    return hashlib.sha256("\n".join(sorted(told)).encode()).hexdigest()


def _files() -> Iterator[Path]:
    yield from (path for path in [PROJECT_ROOT / ".env"] if path.exists())
    declared = importlib.util.find_spec(settings().defs_module)
    places = [PROJECT_ROOT / name for name in CODE]
    places += map(Path, (declared.submodule_search_locations if declared else None) or ())
    for place in (*places, settings().path(settings().dbt_dir)):
        for path in place.rglob("*"):
            made = {"__pycache__", "target", "logs"} & set(path.relative_to(place).parts)
            if path.is_file() and not made:
                yield path
