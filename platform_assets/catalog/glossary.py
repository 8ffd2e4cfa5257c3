"""The glossary: what words of the business mean, and which columns they stand behind.

What belongs here: reading terms (Markdown with front matter, one file each), finding them in texts,
checking their links. What does not: how a text with links looks (`render`).
"""

import importlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from rapidfuzz import process

from platform_assets.inventory.model import Asset, Graph
from resources.errors import PlatformError
from resources.settings import settings

_FENCE = re.compile(r"---\s*\n(.*?\n)---\s*\n(.*)\Z", re.DOTALL)
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]*\Z")
FIELDS = frozenset({"term", "synonyms", "owner", "columns"})


@dataclass(frozen=True)
class Term:
    """One term.

    Attributes:
        slug: the name of its file, and the end of its address.
        columns: `schema.table.column`, each with its line in the file.
        text: what it means, as Markdown.
    """

    slug: str
    name: str
    text: str
    synonyms: tuple[str, ...] = ()
    owner: str = ""
    columns: Mapping[str, int] = field(default_factory=dict)
    file: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """The term and its synonyms."""
        return (self.name, *self.synonyms)


@dataclass(frozen=True)
class Glossary:
    """All terms, in the order of their names."""

    terms: tuple[Term, ...] = ()

    def get(self, slug: str) -> Term | None:
        """Return a term by the end of its address."""
        return next((term for term in self.terms if term.slug == slug), None)

    @cached_property
    def by_word(self) -> Mapping[str, Term]:
        """Each word or words that mean a term, in lower case; names go before synonyms."""
        found = {w.lower(): term for term in self.terms for w in term.synonyms}
        return found | {term.name.lower(): term for term in self.terms}

    @cached_property
    def pattern(self) -> re.Pattern[str] | None:
        """What finds any of the words, the longest first; None without terms."""
        words = sorted(self.by_word, key=len, reverse=True)
        if not words:
            return None
        return re.compile(rf"(?<![\w/-])({'|'.join(map(re.escape, words))})(?![\w/-])", re.I)

    @cached_property
    def by_column(self) -> Mapping[tuple[str, str], tuple[Term, ...]]:
        """Of each table and column, in lower case, the terms behind it."""
        found: dict[tuple[str, str], tuple[Term, ...]] = {}
        for term in self.terms:
            for full in term.columns:
                table, _, column = full.lower().rpartition(".")
                found[table, column] = (*found.get((table, column), ()), term)
        return found

    def find(self, text: str) -> list[Term]:
        """Return the terms that a search means: by name or synonym first, then by their text."""
        asked = text.lower().strip()
        if not asked:
            return []
        named = [t for w, t in sorted(self.by_word.items()) if w.startswith(asked) or asked == w]
        words = asked.split()
        inside = [t for t in self.terms if all(word in " ".join(t.words).lower() for word in words)]
        return list({t.slug: t for t in (*named, *inside)}.values())[:5]


def folder() -> Path:
    """Return the folder of the glossary's terms, which need not be there."""
    package = importlib.import_module(settings().defs_module)
    return Path(next(iter(package.__path__))) / "glossary"


def read(folder: Path, root: Path) -> Glossary:
    """Return the terms of a folder; an empty glossary where there is no such folder.

    Args:
        root: what files are named from.

    Raises:
        PlatformError: a file is no term; with file and line.
    """
    files = sorted(folder.glob("*.md")) if folder.is_dir() else []
    terms = [_term(file, root) for file in files]
    taken: dict[str, Term] = {}
    for term in terms:
        other = taken.setdefault(term.name.lower(), term)
        if other is not term:
            raise PlatformError(f"{term.file}:1: {term.name} is a term of {other.file} already.")
    return Glossary(tuple(sorted(terms, key=lambda t: t.name.lower())))


def _term(file: Path, root: Path) -> Term:
    shown = file.relative_to(root).as_posix() if file.is_relative_to(root) else file.name
    text = file.read_text(encoding="utf-8")
    parts = _FENCE.match(text)
    if parts is None:
        raise PlatformError(f"{shown}:1: begin with --- and a line `term: …`, end that with ---.")
    try:
        head = yaml.safe_load(parts[1])
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark is not None else 1
        problem = getattr(error, "problem", None) or "no YAML"
        raise PlatformError(f"{shown}:{line}: {problem}.") from None
    fault = _fault(file.stem, head, parts[2])
    if fault:
        raise PlatformError(f"{shown}:1: {fault}")
    return Term(
        slug=file.stem,
        name=str(head["term"]).strip(),
        text=parts[2].strip(),
        synonyms=tuple(str(s).strip() for s in head.get("synonyms") or ()),
        owner=str(head.get("owner") or ""),
        columns={str(c): _line(text, str(c)) for c in head.get("columns") or ()},
        file=shown,
    )


def _fault(stem: str, head: Any, text: str) -> str:
    """Return what is wrong with a term; "" if nothing is."""
    if not _SLUG.match(stem):
        return "name the file in a-z, 0-9 and -: it becomes the term's address."
    if not isinstance(head, dict) or not str(head.get("term") or "").strip():
        return "`term: …` is missing."
    unknown = sorted(set(map(str, head)) - FIELDS)
    if unknown:
        return f"{unknown[0]} is no field; there are {', '.join(sorted(FIELDS))}."
    lists = [name for name in ("synonyms", "columns") if not isinstance(head.get(name) or [], list)]
    if lists:
        return f"{lists[0]} is a list: [one, another]."
    return "" if text.strip() else "it says nothing: write below --- what it means."


def _line(text: str, column: str) -> int:
    return next((n for n, line in enumerate(text.splitlines(), 1) if column in line), 1)


def broken(glossary: Glossary, graph: Graph) -> list[str]:
    """Return a sentence for every link to a column that does not exist, with file and line."""
    tables = {asset.table: asset for asset in graph.assets.values() if asset.table}
    everything = [f"{table}.{c.name}" for table, asset in tables.items() for c in asset.columns]
    faults = []
    for term in glossary.terms:
        for full, line in term.columns.items():
            if not _exists(full, tables):
                near = process.extractOne(full, everything, score_cutoff=70)
                hint = f" Did you mean {near[0]}?" if near else " Write schema.table.column."
                faults.append(f"{term.file}:{line}: there is no column {full}.{hint}")
    return faults


def _exists(full: str, tables: Mapping[str, Asset]) -> bool:
    table, _, column = full.rpartition(".")
    return table in tables and tables[table].column(column) is not None


def mentioned(term: Term, assets: Iterable[Asset]) -> Sequence[Asset]:
    """Return the assets in whose description, or a column's, a term occurs."""
    pattern = Glossary((term,)).pattern
    assert pattern is not None
    return [
        a
        for a in assets
        if pattern.search(a.description) or any(pattern.search(c.description) for c in a.columns)
    ]
