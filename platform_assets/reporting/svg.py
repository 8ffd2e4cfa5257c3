"""From Vega-Lite specifications to SVG that can stand in a page: text, selectable, no script.

What belongs here: starting the drawing process, and making its SVG fit to be one of many on a
page. What does not: what is drawn (`charts`).
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from platform_assets.reporting.errors import ReportError

WORKER = Path(__file__).with_name("svg_worker.py")
SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
TIMEOUT = 120
KEPT_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "HOME", "LD_LIBRARY_PATH", "TMPDIR")


def draw(specs: Sequence[dict[str, Any]]) -> list[str]:
    """Return one SVG text per specification, drawn in one short-lived process.

    Raises:
        ReportError: the drawing process failed, or took longer than two minutes.
    """
    if not specs:
        return []
    charts = [{"spec": s, "currency": s.get("usermeta", {}).get("currency", "")} for s in specs]
    environment = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(WORKER)],
            input=json.dumps({"charts": charts}),
            capture_output=True,
            encoding="utf-8",
            timeout=TIMEOUT,
            env={**environment, "TZ": "UTC"},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ReportError(f"drawing the charts took longer than {TIMEOUT} s.") from None
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ReportError(f"the charts could not be drawn: {reason[:400]}")
    drawn: list[str] = json.loads(done.stdout)["svg"]
    return [embed(text, f"c{number}-") for number, text in enumerate(drawn)]


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
