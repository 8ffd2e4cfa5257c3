"""From Vega-Lite specifications to SVG that can stand in a page: text, selectable, no script.

What belongs here: starting the drawing process, and making its SVG fit to be one of many on a
page. What does not: what is drawn (`charts`).
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Self
from xml.etree import ElementTree

from platform_assets.reporting.errors import ReportError

WORKER = Path(__file__).with_name("svg_worker.py")
SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
TIMEOUT = 120.0
MOST_REPORTS = 20  # that one drawing process draws
KEPT_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "HOME", "LD_LIBRARY_PATH", "TMPDIR")


class Drawer:
    """The drawing process: started at once, ended by `close` or the end of a `with`."""

    def __init__(self) -> None:
        environment = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
        self.errors = tempfile.TemporaryFile(mode="w+", encoding="utf-8")  # noqa: SIM115
        self.process = subprocess.Popen(
            [sys.executable, "-I", str(WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            encoding="utf-8",
            env={**environment, "TZ": "UTC"},
        )

    def __enter__(self) -> Self:
        """Return the drawer itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self.close()

    def warm(self) -> None:
        """Let the engine get ready, which takes most of a second, while the caller goes on."""
        self._send({"warm": True})

    def draw(self, specs: Sequence[dict[str, Any]]) -> list[str]:
        """Return one SVG text, as the engine draws it, for each specification.

        Raises:
            ReportError: the drawing failed, or took longer than two minutes.
        """
        if not specs:
            return []
        charts = [{"spec": s, "currency": s.get("usermeta", {}).get("currency", "")} for s in specs]
        self._send({"charts": charts})
        drawn: list[str] = self._receive("the charts could not be drawn")["svg"]
        return drawn

    def begin_print(
        self, pictures: Mapping[Path, str], folder: Path, pdf: Path, made: datetime
    ) -> None:
        """Begin to write pictures from SVG texts, and the PDF of `report.typ` in `folder`."""
        asked = {
            "pictures": [{"svg": text, "path": str(path)} for path, text in pictures.items()],
            "pdf": {"folder": str(folder), "path": str(pdf), "date": int(made.timestamp())},
        }
        self._send(asked)

    def end_print(self) -> None:
        """Wait for what `begin_print` began.

        Raises:
            ReportError: the engine can't, or took longer than two minutes.
        """
        self._receive("pictures and PDF could not be made")

    def close(self) -> None:
        """End the process, whatever it is doing."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.errors):
            with contextlib.suppress(OSError):
                if stream:
                    stream.close()

    def _send(self, asked: dict[str, Any]) -> None:
        assert self.process.stdin
        with contextlib.suppress(OSError):  # it has ended: `_receive` says why
            self.process.stdin.write(json.dumps(asked) + "\n")
            self.process.stdin.flush()

    def _receive(self, failure: str) -> dict[str, Any]:
        assert self.process.stdout
        late = threading.Timer(TIMEOUT, self.process.kill)
        late.start()
        try:
            line = self.process.stdout.readline()
        finally:
            late.cancel()
        said: dict[str, Any] = json.loads(line) if line else {"error": self._last_words()}
        if "error" in said:
            raise ReportError(f"{failure}: {str(said['error'])[:400]}")
        return said

    def _last_words(self) -> str:
        if self.process.wait() == -signal.SIGKILL:
            return f"it took longer than {TIMEOUT:.0f} s, or too much memory"
        self.errors.seek(0)
        return (self.errors.read().strip().splitlines() or ["no reason given"])[-1]


_shared: dict[int, tuple[Drawer, int]] = {}  # of a process: its drawer, and how often it was asked


def shared() -> Drawer:
    """Return the drawer that the reports of this process share, so that its engine starts once.

    It ends with the process. After `MOST_REPORTS` it is a new one, because the engine grows.
    """
    drawer, times = _shared.pop(os.getpid(), (None, 0))
    _shared.clear()  # what a parent has is the parent's
    if drawer is not None and (times >= MOST_REPORTS or drawer.process.poll() is not None):
        drawer.close()
        drawer, times = None, 0
    drawer = drawer or Drawer()
    _shared[os.getpid()] = drawer, times + 1
    return drawer


def plain(text: str) -> str:
    """Return a drawn SVG for where no page gives it colours: each variable by its light value."""
    return re.sub(r"var\(--[\w-]+, *(#[0-9a-fA-F]+)\)", r"\1", text)


def embed(text: str, prefix: str) -> str:
    """Return a drawn SVG as part of a page.

    It scales with the page; its ids begin with `prefix`; what it says of each mark becomes a
    tooltip; it is hidden from screen readers, because the figure around it has its own text.
    """
    root = ElementTree.fromstring(text)
    root.attrib = {"viewBox": root.attrib["viewBox"], "class": "chart", "aria-hidden": "true"}
    for node in list(root.iter()):
        _tidy(node, prefix)
    _drop_empty(root)
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", XLINK)
    return ElementTree.tostring(root, encoding="unicode")


def _tidy(node: ElementTree.Element, prefix: str) -> None:
    label = node.attrib.pop("aria-label", "")
    said = node.attrib.pop("aria-roledescription", "")
    node.attrib.pop("role", None)
    if said not in ("axis", "legend", "title") and label and node.tag != f"{{{SVG}}}g":
        title = ElementTree.Element(f"{{{SVG}}}title")
        title.text = label
        node.insert(0, title)
    elif node.attrib.get("class") != "chart":
        node.attrib.pop("aria-hidden", None)
    if "opacity" in node.attrib and node.attrib["opacity"] == "0":
        node.attrib["pointer-events"] = "all"
    if "id" in node.attrib:
        node.attrib["id"] = prefix + node.attrib["id"]
    for name, value in node.attrib.items():
        if "url(#" in value:
            node.attrib[name] = re.sub(r"url\(#", f"url(#{prefix}", value)
    node.attrib.pop("font-family", None)
    if node.attrib.get("class", "").startswith("mark-"):
        node.attrib.pop("class")


def _drop_empty(root: ElementTree.Element) -> None:
    """Leave out what draws nothing: paths without a shape."""
    for parent in root.iter():
        for child in list(parent):
            empty = child.tag == f"{{{SVG}}}path" and not child.attrib.get("d", "").strip("M0,hv Z")
            if empty or child.attrib.get("display") == "none":
                parent.remove(child)
