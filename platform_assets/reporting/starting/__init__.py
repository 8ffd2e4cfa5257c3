"""The report that a new one starts from: two files that work as they stand, with comments."""

import re
from pathlib import Path

from platform_assets.reporting.errors import ReportError
from resources.errors import PlatformError

HERE = Path(__file__).parent
FILES = ("defs.yaml", "report.md")


def write(folder: Path, name: str) -> list[Path]:
    """Write the files of a new report into `folder/name`; return their paths.

    Raises:
        ReportError: the name is none for a report, or is taken.
        PlatformError: the folder can't be written.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,99}", name):
        raise ReportError(
            f"{name!r} is no name for a report.",
            hint="Use small letters, digits and underscores, a letter first: returns_by_country.",
        )
    target = folder / name
    title = name.replace("_", " ").capitalize()
    if any((target / file).exists() for file in FILES):
        raise ReportError(
            f"there is a report `{name}` already.", hint=f"Look at {target}, or take another name."
        )
    try:
        target.mkdir(parents=True, exist_ok=True)
        made = []
        for source in FILES:
            text = (HERE / source).read_text("utf-8").replace("@TITLE@", title)
            (target / source).write_text(text, encoding="utf-8")
            made.append(target / source)
    except OSError as error:
        raise PlatformError(f"{target} can't be written: {error.strerror}.") from error
    return made
