"""A record's file: front matter in YAML between two lines of `---`, and Markdown below.

What belongs here: reading it, and which line each value stands in. What does not: which fields a
kind of record has (`curated_fields`).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_FENCED = re.compile(r"---[ \t]*\n(?P<head>.*?\n|)---[ \t]*(?:\n|\Z)(?P<text>.*)\Z", re.DOTALL)
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]*\Z")
_FORM = "begin with a line ---, then `name: value` for each field, and end that with ---."


@dataclass(frozen=True, order=True)
class Fault:
    """What is wrong in a line of a file, and what to write instead."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class _Loader(yaml.SafeLoader):
    """YAML whose dates stay text: a day that does not exist is told as such, with its line."""


_Loader.yaml_implicit_resolvers = {
    first: [each for each in resolvers if each[0] != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Page:
    """One file, read.

    Attributes:
        file: its name below the project's folder.
        slug: its name without folder and `.md`.
        values: the front matter.
        text: the Markdown.
        node: the front matter as YAML's parser sees it, with the places of everything.
    """

    file: str
    slug: str
    values: Mapping[str, Any]
    text: str
    node: yaml.MappingNode

    def line(self, path: tuple[int | str, ...] = ()) -> int:
        """Return the line of a value: of `("actions", 0, "due")`, or of what is nearest to it."""
        node: yaml.Node = self.node
        line = self.node.start_mark.line
        for part in path:
            found = _inside(node, part)
            if found is None:
                break
            line, node = found
        return line + 2  # the fence is the first line, and YAML counts from 0

    def text_line(self, path: tuple[int | str, ...]) -> int:
        """Return the line in which a value's own text begins: of `sql: |`, the one below it."""
        node: yaml.Node = self.node
        for part in path:
            found = _inside(node, part)
            if found is None:
                return self.line(path)
            node = found[1]
        below = getattr(node, "style", None) in ("|", ">")
        return node.start_mark.line + 2 + below

    @property
    def lines(self) -> dict[str, int]:
        """The line of every single value in the front matter, by its text."""
        found: dict[str, int] = {}
        for node in _values(self.node):
            found.setdefault(str(node.value), node.start_mark.line + 2)
        return found


def read(file: Path, root: Path) -> Page | Fault:
    """Return a file, or why it can't be read; files are named from `root`."""
    name = shown(file, root)
    if not _SLUG.match(file.stem):
        return Fault(name, 1, "name the file in a-z, 0-9 and -: it becomes the record's address.")
    try:
        whole = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        return Fault(name, 1, f"byte {error.start} is not UTF-8: save the file as UTF-8.")
    parts = _FENCED.match(whole)
    if parts is None:
        return Fault(name, 1, _FORM)
    try:
        node = yaml.compose(parts["head"], Loader=_Loader)
        values = yaml.load(parts["head"], Loader=_Loader)  # a safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "this is no YAML"
        return Fault(name, mark.line + 2 if mark is not None else 1, f"{problem}.")
    if not isinstance(node, yaml.MappingNode):
        return Fault(name, 2, _FORM)
    twice = _written_twice(node)
    if twice is not None:
        return Fault(name, twice.start_mark.line + 2, f"`{twice.value}` is written twice.")
    return Page(name, file.stem, values, parts["text"].strip(), node)


def shown(file: Path, root: Path) -> str:
    """Return a file's name from `root`; with its folder's alone where it is elsewhere."""
    inside = file.is_relative_to(root)
    return (file.relative_to(root) if inside else Path(*file.parts[-2:])).as_posix()


def _inside(node: yaml.Node, part: int | str) -> tuple[int, yaml.Node] | None:
    """Return line and node of a field, or of a member of a list; None if there is none."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == part:
                return key.start_mark.line, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark.line, node.value[part]
    return None


def _values(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            yield from _values(each)
    elif isinstance(node, yaml.MappingNode):
        for _, value in node.value:
            yield from _values(value)


def _written_twice(node: yaml.Node) -> yaml.Node | None:
    """Return the first field that stands in a mapping before: YAML would take the last."""
    if isinstance(node, yaml.SequenceNode):
        return next(filter(None, map(_written_twice, node.value)), None)
    if not isinstance(node, yaml.MappingNode):
        return None
    seen = set()
    for key, value in node.value:
        if key.value in seen:
            return key  # type: ignore[no-any-return]
        seen.add(key.value)
        inner = _written_twice(value)
        if inner is not None:
            return inner
    return None
