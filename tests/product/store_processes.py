"""Processes that write to a store: many at once, or such as die while they do.

Run as `python -m tests.product.store_processes <what> <url> <argument>`.
"""

import os
import subprocess
import sys
from collections.abc import Callable

from platform_assets.product.store import RecordStore, database, records, writing
from platform_assets.product.store import migrating as migrations
from resources.settings import PROJECT_ROOT
from tests.dying import die_at


def start(what: str, url: str, argument: object) -> "subprocess.Popen[str]":
    """Start one; what it was told is kept comes on its standard output, a line each."""
    command = [sys.executable, "-m", "tests.product.store_processes", what, url, str(argument)]
    return subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True)


def submit(url: str, count: str) -> None:
    """Let that many processes submit 10 requests each at once, told by name and number."""
    go, ready = os.pipe()

    def act(process: int) -> None:
        os.close(ready)
        os.read(go, 1)  # returns when all are there
        store = RecordStore(url)
        for index in range(10):
            number = store.submit_request(f"{process}", title=f"{process} {index}").number
            os.write(1, f"{process} {number}\n".encode())

    children = [_child(act, process) for process in range(int(count))]
    os.close(ready)
    for child in children:
        os.waitpid(child, 0)


def submit_for_ever(url: str, name: str) -> None:
    """Submit until the end comes, under a new name each time."""
    store, index = RecordStore(url), 0
    while True:
        index += 1
        print(store.submit_request(f"{name} {index}", title="more").number, flush=True)


def die_writing(url: str, lines: str) -> None:
    """Let children submit, each of which dies three lines later in the writing code.

    Tells `<line> <number>` of each that lived to hear that its request is kept.
    """
    things = [
        *vars(records.RecordStore).values(),
        *vars(writing.Writing).values(),
        *vars(database.Database).values(),
        database.writing,
    ]
    plain = [getattr(thing, "__wrapped__", thing) for thing in things]
    codes = [thing.__code__ for thing in plain if hasattr(thing, "__code__")]

    def act(line: int) -> None:
        store = RecordStore(url)
        store.changes()
        die_at(line, codes)
        number = store.submit_request(f"{line}", title="dying", decision="whether").number
        os.write(1, f"{line} {number}\n".encode())

    for line in range(1, int(lines), 3):
        os.waitpid(_child(act, line), 0)


def die_migrating(url: str, lines: str) -> None:
    """Let children open a new database each, and die at it, each three lines later.

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

    for line in range(1, int(lines), 3):
        os.waitpid(_child(act, line), 0)


class _ByName(list):
    """Codes, found by file and name."""

    def __contains__(self, code: object) -> bool:
        key = (getattr(code, "co_filename", ""), getattr(code, "co_name", ""))
        return key in {(each.co_filename, each.co_name) for each in self}


def _child(act: Callable[[int], None], number: int) -> int:
    """Call something in a process of its own: forked, as no other thread runs here."""
    child = os.fork()
    if not child:
        try:
            act(number)
        finally:
            os._exit(0)
    return child


if __name__ == "__main__":
    {each.__name__: each for each in (submit, submit_for_ever, die_writing, die_migrating)}[
        sys.argv[1]
    ](*sys.argv[2:])
