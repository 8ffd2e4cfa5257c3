"""Why definitions do not load, for whoever wrote the file: what, where, and no traceback.

Works on Dagster's serialized errors, because the definitions may have failed in another process.
"""

import importlib.util
import re
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from dagster_shared.error import SerializableErrorInfo

from resources.errors import PlatformError
from resources.settings import settings

HINT = "Mend the file that is named above; `make check` checks it again."
FIELD = re.compile(
    r"^`(?P<field>.+?) at (?P<place>.+?:\d+)`\n\s+(?P<words>.+?)(?: \[type=.*)?$", re.M
)
PLACE = re.compile(r"[\w.]:\d+\b|\bline \d+")
FRAME = re.compile(r'File "(?P<file>.+?)", line (?P<line>\d+)')
SYMBOL = re.compile(
    r"no attribute `(\w+)`|Error loading module `([\w.]+)`|No module named '([\w.]+)'"
)


def load_error(error: SerializableErrorInfo) -> PlatformError:
    """Return the error for people: a sentence or more, each with file and line if known."""
    words = _explain(error)
    return PlatformError(f"The definitions do not load:\n{words[0]}", hint=words[1])


def _explain(error: SerializableErrorInfo) -> tuple[str, str]:
    """Return reason and way out; an error that is for people already brings its own."""
    chain = list(_chain(error))
    for link in chain:
        if link.cls_name == "PlatformError":
            return _message(link), ""
    for link in chain:
        fields = FIELD.findall(link.message)
        if fields:
            found = (f"{place}: {field}: {words}" for field, place, words in fields)
            return "\n".join(found), HINT
    placed = [link for link in chain if PLACE.search(_message(link))]
    chosen = placed[-1] if placed else chain[-1]
    message = _message(chosen)
    where = "" if placed else _where(chosen)
    return (f"{where}: {message}" if where else message), HINT


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
