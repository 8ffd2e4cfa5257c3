"""Why definitions do not load, for whoever wrote the file: what, where, and no traceback.

Works on Dagster's serialized errors, because the definitions may have failed in another process.
"""

import difflib
import importlib
import importlib.util
import re
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from dagster_shared.error import SerializableErrorInfo
from pydantic.errors import PydanticUserError

from resources.errors import PlatformError
from resources.settings import settings

BEGINNING = "The definitions do not load:"
HINT = "Mend the file that is named above; `make check` checks it again."
FIELD = re.compile(
    r"^`(?P<field>.+?) at (?P<file>.+?):(?P<line>\d+)`\n\s+(?P<words>.+?)(?: \[type=.*)?$", re.M
)
LABEL = re.compile(r"[\w-]+\[[^\[\]]*\]")  # pydantic's for one alternative: `list[Column]`
SYNTAX = re.compile(r'^(?P<words>.+)\n\s+in "(?P<file>.+?)", line (?P<line>\d+)', re.M)  # PyYAML's
UNKNOWN, MISSING = "Extra inputs are not permitted", "Field required"
PLACE = re.compile(r"[\w.]:\d+\b|\bline \d+")
FRAME = re.compile(r'File "(?P<file>.+?)", line (?P<line>\d+)')
SYMBOL = re.compile(
    r"no attribute `(\w+)`|Error loading module `([\w.]+)`|No module named '([\w.]+)'"
)


@dataclass(frozen=True)
class Mistake:
    """What is wrong with one field of a declaration, and where that stands."""

    place: str
    path: tuple[str, ...]
    words: str
    as_text: bool  # said only because the field might have been text instead

    def __str__(self) -> str:
        """Return it as one line for people."""
        field = re.sub(r"\.(\d+)(?=\.|$)", r"[\1]", ".".join(self.path))
        return f"{self.place}: {field}: {self.words}"


def load_error(error: SerializableErrorInfo) -> PlatformError:
    """Return the error for people: a sentence or more, each with file and line if known."""
    if error.message.startswith(BEGINNING):  # `in_words` has been there
        return PlatformError(error.message.strip())
    words = _explain(error)
    return PlatformError(f"{BEGINNING}\n{words[0]}", hint=words[1])


def in_words(error: SerializableErrorInfo) -> SerializableErrorInfo:
    """Return Dagster's error with the words for people in place of its own first sentence.

    Its pages show the first sentence of an error at the top, and its causes far below it.
    """
    return error._replace(message=f"{load_error(error)}\n")


def _explain(error: SerializableErrorInfo) -> tuple[str, str]:
    """Return reason and way out; an error that is for people already brings its own."""
    chain = list(_chain(error))
    for link in chain:
        if link.cls_name == "PlatformError":
            return _message(link), ""
    for link in chain:
        fields = FIELD.findall(link.message)
        if fields:
            return "\n".join(_told([_mistake(*field) for field in fields])), HINT
        syntax = SYNTAX.findall(link.message)
        if syntax:
            words, file, line = syntax[-1]
            return f"{file}:{line}: this is not valid YAML: {words}", HINT
    placed = [link for link in chain if PLACE.search(_message(link))]
    chosen = placed[-1] if placed else chain[-1]
    message = _message(chosen)
    where = "" if placed else _where(chosen)
    return (f"{where}: {message}" if where else message), HINT


def _told(mistakes: Sequence[Mistake]) -> list[str]:
    """Return the mistakes in words, each once; not that a field with a mistake is no text."""
    real = [mistake.path for mistake in mistakes if not mistake.as_text]

    def beside_the_point(mistake: Mistake) -> bool:
        within = (path[: len(mistake.path)] == mistake.path for path in real)
        return mistake.as_text and any(within)

    return list(dict.fromkeys(str(m) for m in mistakes if not beside_the_point(m)))


def _mistake(field: str, file: str, line: str, words: str) -> Mistake:
    """Return a mistake as pydantic tells it, its path and line as they are in the file."""
    while LABEL.search(field):
        field = LABEL.sub("()", field)
    *parts, last = field.split(".")
    document = node = _document(file, int(line))
    number, path = int(line), []
    for part in (*parts, last):
        entry = _entry(node, part)
        if entry:
            number, node = entry
            path.append(part)
    named = entry is not None
    if not named and words in (UNKNOWN, MISSING):
        path.append(last)
    if words == UNKNOWN:
        near = difflib.get_close_matches(last, _fields_beside(document, path), n=1)
        words = "there is no such field" + (f"; did you mean `{near[0]}`?" if near else "")
    words = words.removeprefix("Value error, ")
    return Mistake(f"{file}:{number}", tuple(path), words, as_text=not named and last == "str")


def _document(file: str, line: int) -> yaml.Node | None:
    """Return the YAML document that a line belongs to."""
    try:
        documents = list(yaml.compose_all(Path(file).read_text("utf-8"), Loader=yaml.SafeLoader))
    except (OSError, ValueError, yaml.YAMLError):
        return None
    before = [node for node in documents if node and node.start_mark.line < line]
    return before[-1] if before else None


def _entry(node: yaml.Node | None, part: str) -> tuple[int, yaml.Node] | None:
    """Return line and value of what a mapping or list has under a name or number."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == part:
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and part.isdigit() and int(part) < len(node.value):
        item = node.value[int(part)]
        return item.start_mark.line + 1, item
    return None


def _fields_beside(document: yaml.Node | None, path: Sequence[str]) -> list[str]:
    """Return the fields that the declaration's component takes where a path ends."""
    declared = _entry(document, "type")
    module, _, name = str(declared[1].value).rpartition(".") if declared else ("", "", "")
    try:
        model = getattr(importlib.import_module(module), name).get_model_cls()
        schema = model.model_json_schema()
    except (ImportError, AttributeError, ValueError, PydanticUserError):
        return []
    return list(_fields(schema, path[1:-1], schema.get("$defs", {})))


def _fields(
    schema: Mapping[str, Any], path: Sequence[str], models: Mapping[str, Any]
) -> Iterator[str]:
    """Yield the fields that a JSON schema has where a path leads, in every alternative."""
    for option in schema.get("anyOf", schema.get("oneOf", ())):
        yield from _fields(option, path, models)
    if "$ref" in schema:
        yield from _fields(models[schema["$ref"].rpartition("/")[2]], path, models)
    elif not path:
        yield from schema.get("properties", ())
    else:
        inner = schema.get("properties", {}).get(path[0], schema.get("items"))
        if isinstance(inner, Mapping):
            yield from _fields(inner, path[1:], models)


def _chain(error: SerializableErrorInfo) -> Iterator[SerializableErrorInfo]:
    """Yield an error and what caused it, outermost first."""
    link: SerializableErrorInfo | None = error
    while link is not None:
        yield link
        link = link.cause or link.context


def _message(link: SerializableErrorInfo) -> str:
    """Return the message without the module of its class; an error for people without its class."""
    text = link.message.strip()
    if link.cls_name == "PlatformError":
        return re.sub(r"^[\w.]*PlatformError: ", "", text)
    return re.sub(r"^(?:\w+\.)+(\w+: )", r"\1", text)


def _where(link: SerializableErrorInfo) -> str:
    """Return `file:line` of the declaration with a missing symbol, or of the code at fault."""
    symbol = SYMBOL.search(link.message)
    declared = _declared(next(filter(None, symbol.groups()))) if symbol else ""
    if declared:
        return declared
    frames = [found for text in link.stack for found in FRAME.findall(text)]
    foreign = ("site-packages", "<", sysconfig.get_path("stdlib"))
    own = [frame for frame in frames if not any(part in frame[0] for part in foreign)]
    return f"{own[-1][0]}:{own[-1][1]}" if own else ""


def _declared(symbol: str) -> str:
    package = importlib.util.find_spec(settings().defs_module)
    for folder in (package.submodule_search_locations if package else None) or ():
        for file in sorted(Path(folder).rglob("*.yaml")):
            for number, line in enumerate(file.read_text(errors="replace").splitlines(), start=1):
                if symbol in line:
                    return f"{file}:{number}"
    return ""
