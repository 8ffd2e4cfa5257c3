"""What every asset must carry, stamped and enforced in one place.

Owner, description, group, kinds, tags (domain, layer), freshness policy, table name, code
reference. A component calls `stamp`; `definitions.py` calls `enforce` on the sum of the rooms, so
that an asset which nobody answers for fails the load, with its file and line.
"""

import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import dagster as dg
from pydantic import BaseModel, ConfigDict, Field

from resources.errors import PlatformError
from resources.settings import PROJECT_ROOT

# Code references are marked beta by Dagster and warn once for every asset of every load.
warnings.filterwarnings("ignore", category=dg.BetaWarning, message=".*CodeReference")

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"^(\d+)([smhd])$")


class Freshness(BaseModel):
    """How old the last materialization may become before it warns and before it fails."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fail: str = Field(description="e.g. `26h`, `90m`, `2d`; at least one minute")
    warn: str | None = Field(default=None, description="shorter than `fail`")

    def policy(self) -> dg.FreshnessPolicy:
        """Return Dagster's policy of the same windows."""
        return dg.FreshnessPolicy.time_window(
            fail_window=duration(self.fail),
            warn_window=duration(self.warn) if self.warn else None,
        )


def duration(text: str) -> timedelta:
    """Return `26h`, `90m`, `45s` or `2d` as a timedelta.

    Raises:
        PlatformError: the text is no duration.
    """
    match = _DURATION.match(text.strip())
    if match is None:
        raise PlatformError(
            f"{text!r} is no duration.",
            hint="Write a number and s, m, h or d: 90m, 26h, 2d.",
        )
    return timedelta(**{_UNITS[match.group(2)]: int(match.group(1))})


def tag_value(text: str) -> str:
    """Return `text` as Dagster takes a tag's value: letters, digits, `_.-`, at most 63."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text)[:63]


def stamp(
    spec: dg.AssetSpec,
    *,
    layer: str,
    domain: str,
    kinds: Iterable[str] = (),
    table: str | None = None,
    file: Path | None = None,
    line: int = 1,
    owners: Sequence[str] = (),
    description: str | None = None,
    freshness: dg.FreshnessPolicy | None = None,
    columns: Sequence[dg.TableColumn] = (),
    metadata: Mapping[str, Any] | None = None,
) -> dg.AssetSpec:
    """Return `spec` with the platform's metadata; what it already says of itself stands."""
    page = f"/catalog/asset/{quote(spec.key.to_user_string())}"
    extra: dict[str, Any] = {**(metadata or {}), "catalog": dg.MetadataValue.url(page)}
    if table:
        extra["dagster/table_name"] = table
    if columns:
        extra["dagster/column_schema"] = dg.TableSchema(columns=list(columns))
    if file is not None:
        extra["dagster/code_references"] = dg.CodeReferencesMetadataValue(
            code_references=[dg.LocalFileCodeReference(file_path=str(file), line_number=line)]
        )
    stamped = spec.merge_attributes(
        owners=[o for o in owners if o not in spec.owners],
        tags={"layer": layer, "domain": tag_value(domain)},
        kinds=set(kinds),
        metadata={k: v for k, v in extra.items() if k not in spec.metadata},
    )
    return stamped.replace_attributes(
        description=spec.description or description,
        group_name=spec.group_name if spec.group_name not in (None, "default") else domain,
        freshness_policy=spec.freshness_policy or freshness,
    )


def enforce(
    specs: Iterable[dg.AssetSpec], code: Mapping[dg.AssetKey, str] = MappingProxyType({})
) -> None:
    """Refuse assets without an owner, a description or a freshness policy.

    Args:
        specs: the assets.
        code: `file:line` of those that are declared in Python, for assets that do not say it.

    Raises:
        PlatformError: naming each asset, what it lacks, and the file and line that declare it.
    """
    faults = []
    for spec in specs:
        lacks = [
            name
            for name, present in (
                ("an owner", spec.owners),
                ("a description", (spec.description or "").strip()),
                ("a freshness policy", spec.freshness_policy),
            )
            if not present
        ]
        if lacks:
            place = declared_at(spec) or code.get(spec.key, "(file unknown)")
            faults.append(f"{place}: {spec.key.to_user_string()} lacks {join(lacks)}")
    if faults:
        raise PlatformError(
            "Every asset must say who answers for it, what it is and how fresh it is:\n"
            + "\n".join(sorted(faults)),
            hint="Add what is missing in the file named above, or in its folder's configuration.",
        )


@dataclass(frozen=True)
class Claim:
    """The raw tables that a source makes, and the file that declares it."""

    file: Path
    tables: tuple[str, ...]


def one_name_each(claims: Iterable[Claim]) -> None:
    """Refuse two sources that make the same raw table.

    Raises:
        PlatformError: naming the table and both files.
    """
    makers: dict[str, Path] = {}
    for claim in claims:
        for table in claim.tables:
            first = makers.setdefault(table.lower(), claim.file)
            if first != claim.file:
                raise PlatformError(
                    f"Two sources make raw.{table}: {relative(first)} and {relative(claim.file)}.",
                    hint="Give one of them another name: rename its folder, or set `name:` in it.",
                )


def join(words: Sequence[str]) -> str:
    """Return `a`, `a and b`, or `a, b and c`."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def declared_at(spec: dg.AssetSpec) -> str:
    """Return `file:line` of the declaration of `spec`, or nothing where it does not say."""
    references = spec.metadata.get("dagster/code_references")
    for reference in getattr(references, "code_references", ()):
        path = getattr(reference, "file_path", None)
        if path:
            return f"{relative(Path(path))}:{reference.line_number}"
    return ""


def written_at(assets: Iterable[Any]) -> dict[dg.AssetKey, str]:
    """Return `file:line` of the functions that make these assets."""
    places = {}
    for each in assets:
        if isinstance(each, dg.AssetsDefinition) and each.is_executable:
            function = getattr(each.op.compute_fn, "decorated_fn", None)
            code = getattr(function, "__code__", None)
            if code is not None:
                place = f"{relative(Path(code.co_filename))}:{code.co_firstlineno}"
                places.update(dict.fromkeys(each.keys, place))
    return places


def relative(path: Path) -> Path:
    """Return a path as people name it: from the project's folder, where it is in it."""
    return path.relative_to(PROJECT_ROOT) if path.is_relative_to(PROJECT_ROOT) else path


def line_of(path: Path, pattern: str) -> int:
    """Return the 1-based number of the first line of `path` that matches `pattern`, else 1."""
    if path.exists():
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            if re.search(pattern, line):
                return number
    return 1
