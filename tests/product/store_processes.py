"""Processes that write to a store: many at once, or such as die while they do.

Run as `python -m tests.product.store_processes <what> <url> <argument>`.
"""

import os
import subprocess
import sys
from collections.abc import Callable

from platform_assets.product.store import RecordStore, records, writing
from platform_assets.product.store import migrating as migrations
from resources.settings import PROJECT_ROOT
from tests.dying import die_at


def start(what: str, url: str, argument: object) -> "subprocess.Popen[str]":
    """Start one; what it was told is kept comes on its standard output, a line each."""
    command = [sys.executable, "-m", "tests.product.store_processes", what, url, str(argument)]
    return subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True)


def submit(url: str, name: str) -> None:
    """Submit 10 requests, each told by its number."""
    store = RecordStore(url)
    for index in range(10):
        print(store.submit_request(name, title=f"{name} {index}").number, flush=True)


def submit_for_ever(url: str, name: str) -> None:
    """Submit until the end comes, under a new name each time."""
    store, index = RecordStore(url), 0
    while True:
        index += 1
        print(store.submit_request(f"{name} {index}", title="more").number, flush=True)


def die_writing(url: str, lines: str) -> None:
    """Let children submit: the first dies at the first line of the writing code, and so on.

    Tells `<line> <number>` for each child that was told that its request is kept.
    """
    own = [records, writing]
    codes = [
        code
        for module in own
        for each in vars(module).values()
        if isinstance(each, type) and each.__module__ == module.__name__
        for function in vars(each).values()
        if (code := getattr(getattr(function, "__wrapped__", function), "__code__", None))
    ]

    def act(line: int) -> None:
        store = RecordStore(url)
        store.changes()
        die_at(line, codes)
        number = store.submit_request(f"{line}", title="dying", decision="whether").number
        os.write(1, f"{line} {number}\n".encode())

    _in_children(int(lines), act)


def die_migrating(url: str, lines: str) -> None:
    """Let children open a new database each, the first of which dies at the first line, and so on.

    In the URL `#` stands for the number of the line.
    """
    codes = [migrations.migrate.__code__]
    script = migrations._directory(migrations.VERSIONS).get_revision("0001").module
    codes += [script.upgrade.__code__, script._history.__code__]

    def act(line: int) -> None:
        # The script is loaded anew, so that its functions are other ones: known by their names.
        die_at(line, _ByName(codes))
        RecordStore(url.replace("#", str(line))).changes()
        os.write(1, f"{line}\n".encode())

    _in_children(int(lines), act)


class _ByName(list):
    """Codes, found by file and name."""

    def __contains__(self, code: object) -> bool:
        key = (getattr(code, "co_filename", ""), getattr(code, "co_name", ""))
        return key in {(each.co_filename, each.co_name) for each in self}


def _in_children(lines: int, act: Callable[[int], None]) -> None:
    """Call something in a child of its own for each line: forked, as nothing runs beside it."""
    for line in range(1, lines + 1):
        child = os.fork()
        if not child:
            try:
                act(line)
            finally:
                os._exit(0)
        os.waitpid(child, 0)


if __name__ == "__main__":
    {each.__name__: each for each in (submit, submit_for_ever, die_writing, die_migrating)}[
        sys.argv[1]
    ](*sys.argv[2:])
