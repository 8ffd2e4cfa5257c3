"""Markdown as a tree of plain values, for editions that are not HTML.

What belongs here: tokens to nodes. What does not: HTML (`document.html`). A node is
`{"t": kind, "c": [nodes]}`, or `{"t": "text", "v": text}`: text is never markup.
"""

from typing import Any

from markdown_it.tree import SyntaxTreeNode

from platform_assets.reporting.document import Prose
from platform_assets.reporting.formats import clean
from platform_assets.reporting.sections import Write

Node = dict[str, Any]
PLAIN = {"text", "code_inline", "fence", "code_block"}
DROPPED = {"inline", "thead", "tbody"}  # their children stand for them


def tree(prose: Prose, write: Write) -> list[Node]:
    """Return the nodes of `prose`; `write` gives the text of its values."""
    return _children(SyntaxTreeNode(list(prose.tokens)), write)


def _children(node: SyntaxTreeNode, write: Write) -> list[Node]:
    found: list[Node] = []
    for child in node.children:
        found += _children(child, write) if child.type in DROPPED else [_node(child, write)]
    return found


def _node(node: SyntaxTreeNode, write: Write) -> Node:
    if node.type == "report_value":
        meta = node.meta
        text = write(meta["query"], meta["column"], meta["format"])
        return {"t": "text", "v": clean(text)}
    if node.type in PLAIN:
        return {"t": node.type, "v": clean(node.content).rstrip("\n")}
    if node.type == "image":
        return {"t": "text", "v": f"[{clean(node.content)}]"}
    if node.type in ("softbreak", "hardbreak", "hr"):
        return {"t": node.type}
    found: Node = {"t": node.type, "c": _children(node, write)}
    if node.type == "heading":
        found["level"] = int(node.tag[1:])
    if node.type == "link":
        found["href"] = str(node.attrs.get("href", ""))
    return found
