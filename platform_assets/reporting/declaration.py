"""What is declared of a report, what its page is told of the world, and what comes back.

What belongs here: the vocabulary shared by `defs.yaml`, the renderer and the docs. What does not:
what the report says (`report.md`, read by `document`).
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from platform_assets.reporting.errors import ReportError


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
    """

    owner: str
    freshness: str
    generated_at: datetime
    run_id: str = ""
    snapshot: int | None = None
    checks: tuple[UpstreamCheck, ...] = ()
    stale: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.generated_at.tzinfo is None:
            raise ValueError("generated_at needs a time zone")

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
    """A report that stands on disk.

    Attributes:
        html_path: the newest page, `<out_dir>/<name>/latest.html`.
        version_path: the same page under its own time, never written again.
        bytes: size of the page.
        data_time: the time up to which the data goes, if the report declares it and has data.
        queries: rows of each query.
        tables: warehouse tables that were read, as `schema.table`.
    """

    html_path: Path
    version_path: Path
    bytes: int
    data_time: datetime | date | None
    queries: dict[str, int] = field(default_factory=dict)
    tables: set[str] = field(default_factory=set)
