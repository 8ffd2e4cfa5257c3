"""The last change of what makes an asset: the commit that last touched the file that declares it.

What belongs here: asking git, once for each state of the repository. Where there is no git, or no
repository (a wheel, an image), nothing is known, and nothing is said.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from resources import git


@dataclass(frozen=True)
class Commit:
    """One commit: when (ISO 8601), by whom, and the first line of what it says."""

    at: str
    by: str
    what: str


_KNOWN: dict[str, dict[str, Commit | None]] = {}  # of the last state of the repository, by file


def last(files: Iterable[str]) -> dict[str, Commit]:
    """Return the last commit of each file, given below the project's folder; none that has none."""
    head = git.ask("rev-parse", "HEAD")
    if not head:
        return {}
    if head not in _KNOWN:
        _KNOWN.clear()
    known, wanted = _KNOWN.setdefault(head, {}), list(dict.fromkeys(files))
    unknown = [file for file in wanted if file not in known]
    if unknown:
        told = _of(unknown)
        known.update({file: told.get(file) for file in unknown})
    found = {file: known[file] for file in wanted}
    return {file: commit for file, commit in found.items() if commit is not None}


def _of(files: Sequence[str]) -> dict[str, Commit]:
    """Return the newest commit of each file, from one walk through the history."""
    told = git.ask(
        "log", "--format=%x01%cI%x00%an%x00%s", "--relative", "--name-only", "--", *files
    )
    found: dict[str, Commit] = {}
    for entry in told.split("\x01")[1:]:
        head, _, names = entry.partition("\n")
        parts = head.split("\0")
        if len(parts) == 3:
            for name in filter(None, names.splitlines()):
                found.setdefault(name, Commit(*parts))
    return found
