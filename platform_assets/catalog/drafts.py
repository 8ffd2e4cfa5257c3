"""From a query to the two files of a report to start from.

What belongs here: their text, and writing them where there is no report of that name yet. What does
not: what a report can do (`platform_assets.reporting`).
"""

import importlib
import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from platform_assets import reporting
from platform_assets.policy import relative
from resources.errors import PlatformError
from resources.settings import settings

NAME = re.compile(r"[a-z][a-z0-9_]{1,62}\Z")
OWNER = re.compile(r"(team:[A-Za-z0-9_-]{1,60}|[^@\s:]{1,64}@[^@\s:]{1,64}\.[^@\s:]{2,20})\Z")
DOMAIN = re.compile(r"[A-Za-z0-9_]{1,60}\Z")
LINE = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]*\Z")


@dataclass(frozen=True)
class Draft:
    """A report to start from.

    Attributes:
        declaration: the text of `defs.yaml`.
        page: the text of `report.md`.
    """

    name: str
    declaration: str
    page: str

    @property
    def folder(self) -> Path:
        """Where its files belong."""
        return reports_folder() / self.name


def reports_folder() -> Path:
    """Return the folder of the declarations of reports."""
    package = importlib.import_module(settings().defs_module)
    return Path(next(iter(package.__path__))) / "reports"


def draft(given: Mapping[str, str], known: Mapping[str, Sequence[str]]) -> Draft:
    """Return the files of a report for what somebody filled in.

    Args:
        given: name, title, question, owner, domain and sql.
        known: every table there is, as `schema.table`, with its columns.

    Raises:
        PlatformError: what is missing, or would keep the definitions from loading.
    """
    given = {key: value.strip() for key, value in given.items()}
    for field, pattern, rule in (
        ("name", NAME, "2 to 63 of a-z, 0-9 and _, a letter first"),
        ("owner", OWNER, "an e-mail address, or team: and a name"),
        ("domain", DOMAIN, "letters, digits and _"),
        ("title", LINE, "one line"),
        ("question", LINE, "one line"),
    ):
        if not pattern.match(given.get(field, "")):
            raise PlatformError(f"{field.capitalize()} {given.get(field, '')!r}: write {rule}.")
    title = given.get("title") or given["name"].replace("_", " ").capitalize()
    sql = given.get("sql", "").rstrip().rstrip(";")
    if not sql or "```" in sql:
        raise PlatformError("The query is empty, or holds three backticks, which end its block.")
    found = Draft(given["name"], _declaration(given, title), _page(title, sql))
    _check(found, title, known)
    return found


def save(found: Draft) -> Path:
    """Write a draft into the project, whole or not at all; return its folder.

    Raises:
        PlatformError: there is such a report already, or the project can't be written.
    """
    folder = found.folder
    if folder.exists():
        raise PlatformError(f"There is a report {found.name} already. Choose another name.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
        try:
            _write(found, new)
            new.chmod(0o755)
            os.rename(new, folder)
        except OSError:
            shutil.rmtree(new, ignore_errors=True)
            raise
    except OSError as error:
        raise PlatformError(
            f"The folder {relative(folder.parent)} can't be written: {error.strerror}."
        ) from error
    return folder


def writable() -> bool:
    """Whether this process may write reports into the project."""
    folder = reports_folder()
    return os.access(folder if folder.exists() else folder.parent, os.W_OK)


def _write(found: Draft, folder: Path) -> None:
    (folder / "defs.yaml").write_text(found.declaration, encoding="utf-8")
    (folder / "report.md").write_text(found.page, encoding="utf-8")


def _declaration(given: Mapping[str, str], title: str) -> str:
    question = given.get("question") or title
    return (
        "# What is declared of the report; the report itself is report.md beside this file.\n"
        "type: platform_assets.components.Report\n\n"
        "attributes:\n"
        f"  owner: {_text(given['owner'])}\n"
        f"  domain: {_text(given['domain'])}\n"
        f"  title: {_text(title)}\n"
        f"  description: {_text(question)}\n"
        f"  question: {_text(question)}\n"
        "  audience: Everyone\n"
        "  freshness: {warn: 26h, fail: 50h}\n"
    )


def _text(value: str) -> str:
    """Return a text as YAML that can hold anything: single quotes, with its own doubled."""
    return "'" + value.replace("'", "''") + "'"


def _page(title: str, sql: str) -> str:
    # Braces of a title would be a value in a sentence; letters of Markdown are left to its author.
    heading = title.replace("{{", "{ {")
    return (
        f"What this report says, in a sentence: {heading}\n\n"
        f"```sql result\n{sql}\n```\n\n"
        "```table\nquery: result\n```\n"
    )


def _check(found: Draft, title: str, known: Mapping[str, Sequence[str]]) -> None:
    """Have the reports' own rules judge the draft, so that it can't keep anything from loading."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / found.name
        place.mkdir()
        _write(found, place)
        reporting.check(
            reporting.ReportDeclaration(
                name=found.name, title=title, document=place / "report.md", description=title
            ),
            known,
        )
