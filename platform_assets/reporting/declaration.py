"""What is declared of a report, what its page is told of the world, and what comes back.

What belongs here: the vocabulary shared by `defs.yaml`, the renderer and the docs. What does not:
what the report says (`report.md`, read by `document`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from platform_assets.reporting.errors import ReportError, did_you_mean

COMPONENT = "platform_assets.components.Report"
IS_REPORT = re.compile(rf"^type:\s*{re.escape(COMPONENT)}\s*$", re.MULTILINE)
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class ReportDeclaration(BaseModel):
    """One report: a folder with `defs.yaml` and the Markdown file it renders."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(
        pattern=r"^[a-z][a-z0-9_]*$", description="Name of the report: its asset is report/<name>."
    )
    title: str = Field(description="Title on the page.")
    document: Path = Field(description="The Markdown file that is the report.")
    description: str = Field(default="", description="What the report shows, in a sentence.")
    question: str = Field(default="", description="The question that the report answers.")
    audience: str = Field(default="", description="Who reads it, e.g. `Management team`.")
    data_time: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z_]\w*\.[A-Za-z_]\w*$",
        description="`query.column` with the time up to which the data goes (first row).",
    )

    owner: str = Field(default="", description="Who answers for it.")
    warn_after: timedelta | None = Field(
        default=None, description="Age at which the page is called old."
    )
    fail_after: timedelta | None = Field(
        default=None, description="Age at which the page is called too old."
    )

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the report that stands in `folder`, without Dagster.

        Raises:
            ReportError: there is no `defs.yaml` of a report, or it is not understood.
        """
        file = f"{folder.name}/defs.yaml"
        fields = _attributes(folder / "defs.yaml", file)
        freshness = fields.pop("freshness", None) or {}
        known = {name: value for name, value in fields.items() if name in cls.model_fields}
        try:
            return cls(
                name=folder.name,
                document=folder / "report.md",
                warn_after=_duration(freshness.get("warn"), file),
                fail_after=_duration(freshness.get("fail"), file),
                **known,
            )
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise ReportError(f"`{place}`: {first['msg']}.", file=file) from None

    @property
    def freshness(self) -> str:
        """The freshness policy in words."""
        return f"at most {in_words(self.fail_after)} old" if self.fail_after else "not stated"

    @property
    def file(self) -> str:
        """The document as its author knows it: the folder's and the file's name."""
        return f"{self.document.parent.name}/{self.document.name}"

    def text(self) -> str:
        """Return the text of the document.

        Raises:
            ReportError: there is no such file, or it is not UTF-8.
        """
        try:
            return self.document.read_text(encoding="utf-8-sig")
        except FileNotFoundError:
            raise ReportError(
                f"the report `{self.name}` has no {self.document.name}.",
                file=self.file,
                hint=f"Write the report into {self.document}.",
            ) from None
        except UnicodeDecodeError as error:
            raise ReportError(
                f"byte {error.start} is not UTF-8.", file=self.file, hint="Save the file as UTF-8."
            ) from None


def declared(folder: Path) -> Iterator[Path]:
    """Yield every folder below `folder` that holds a report, by name."""
    for path in sorted(folder.rglob("defs.yaml")):
        if re.search(
            rf"^type:\s*{re.escape(COMPONENT)}\s*$", path.read_text("utf-8"), re.MULTILINE
        ):
            yield path.parent


def find(folder: Path, name: str) -> Path:
    """Return the folder of the report `name` below `folder`.

    Raises:
        ReportError: there is none of that name; with the nearest.
    """
    known = {path.name: path for path in declared(folder)}
    if name not in known:
        raise ReportError(f"There is no report `{name}`.", hint=did_you_mean(name, known))
    return known[name]


def in_words(span: timedelta) -> str:
    """Return a span as people say it: `45 minutes`, `26 hours`, `9 days`."""
    for unit, seconds, most in (("minute", 60, 120), ("hour", 3600, 72)):
        number = round(span.total_seconds() / seconds)
        if number < most:
            return f"{number} {unit}{'' if number == 1 else 's'}"
    return f"{round(span.total_seconds() / 86400)} days"


def _attributes(path: Path, file: str) -> dict[str, Any]:
    try:
        declaration = next(yaml.safe_load_all(path.read_text("utf-8")), None)
    except FileNotFoundError:
        raise ReportError(f"there is no {file}.", hint="`platform-assets new report`.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "not readable"
        raise ReportError(
            f"not valid YAML: {problem}.", file=file, line=mark.line + 1 if mark else None
        ) from None
    if not isinstance(declaration, dict) or declaration.get("type") != COMPONENT:
        raise ReportError(f"this is no report: its type is not {COMPONENT}.", file=file)
    return dict(declaration.get("attributes") or {})


def _duration(text: object, file: str) -> timedelta | None:
    if text is None:
        return None
    match = re.fullmatch(r"\s*(\d+)([smhd])\s*", str(text))
    if not match:
        raise ReportError(f"{text!r} is no duration.", file=file, hint="Write 90m, 26h or 2d.")
    return timedelta(**{UNITS[match[2]]: int(match[1])})


@dataclass(frozen=True)
class UpstreamCheck:
    """The newest result of one asset check on something the report depends on.

    Attributes:
        name: the check with its asset, e.g. `marts/daily_revenue: unique_date`.
        passed: whether it passed.
        severity: `ERROR` or `WARN`: what a failure means.
    """

    name: str
    passed: bool
    severity: Literal["ERROR", "WARN"] = "ERROR"


@dataclass(frozen=True)
class RenderContext:
    """What the page says of itself beside its numbers.

    Attributes:
        owner: who to ask, e.g. `team:data, web@fernweh.example`.
        freshness: the freshness policy in words.
        generated_at: when the page is made, with a time zone.
        run_id: the Dagster run; empty outside one.
        snapshot: the warehouse snapshot the numbers were read from, if the engine has such.
        checks: newest results of upstream checks.
        stale: what is late upstream, each as a sentence; shown in the banner.
        live_url: where the filter form goes; without it there is none.
        explain_url: below which each number is explained, as `<url>/<query>/<column>`; without it
            none is.
    """

    owner: str
    freshness: str
    generated_at: datetime
    run_id: str = ""
    snapshot: int | None = None
    checks: tuple[UpstreamCheck, ...] = ()
    stale: tuple[str, ...] = ()
    live_url: str = ""
    explain_url: str = ""

    def __post_init__(self) -> None:
        if self.generated_at.tzinfo is None:
            raise ValueError("generated_at needs a time zone")

    @property
    def checks_text(self) -> str:
        """What the checks upstream say, in words."""
        if not self.checks:
            return "none reported"
        if self.errors:
            return f"{len(self.errors)} of {len(self.checks)} failed"
        if self.warnings:
            return f"{len(self.warnings)} of {len(self.checks)} with a warning"
        return f"all {len(self.checks)} passed"

    @property
    def errors(self) -> tuple[UpstreamCheck, ...]:
        """Checks that failed with severity ERROR."""
        return tuple(c for c in self.checks if not c.passed and c.severity == "ERROR")

    @property
    def warnings(self) -> tuple[UpstreamCheck, ...]:
        """Checks that failed with severity WARN."""
        return tuple(c for c in self.checks if not c.passed and c.severity == "WARN")


@dataclass(frozen=True)
class RenderedReport:
    """A report of which a version is kept.

    Attributes:
        version: its name, `2026-01-31T063000Z`.
        place: folder or URL of the version, with page, PDF, pictures and rows; never changed.
        bytes: size of the page.
        data_time: the time up to which the data goes, if the report declares it and has data.
        queries: rows of each query.
        tables: warehouse tables that were read, as `schema.table`.
    """

    version: str
    place: str
    bytes: int
    data_time: datetime | date | None
    queries: dict[str, int] = field(default_factory=dict)
    tables: set[str] = field(default_factory=set)

    @property
    def version_path(self) -> Path:
        """The folder of the version, of an archive in a folder."""
        return Path(self.place)

    @property
    def html_path(self) -> Path:
        """The newest page, of an archive in a folder."""
        return self.version_path.with_name("latest.html")
