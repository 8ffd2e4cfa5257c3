"""From the text of `report.md` to its parts: prose, queries, and the blocks that show them.

What belongs here: Markdown and what it holds. What does not: the blocks' own fields (`blocks`),
SQL (`sql`), the page (`page`). Markdown is CommonMark with tables; HTML in it is shown, never run,
and a picture must be in the page already (`data:`), because a report makes no request.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from platform_assets.reporting import block_yaml, blocks, parameters
from platform_assets.reporting.errors import ReportError, did_you_mean

# `{{ query.column | format }}`, or `{{ parameter | format }}`
VALUE = re.compile(
    r"\{\{\s*([A-Za-z_]\w*)(?:\.([A-Za-z_]\w*))?\s*(?:\|\s*([^{}|\s][^{}|]*?)\s*)?\}\}"
)
TITLES = ("title", "subtitle", "step_label")  # texts of a block that may hold values
IMAGE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+")


@dataclass(frozen=True)
class Query:
    """A named SQL block; `line` is that of its first line of SQL."""

    name: str
    sql: str
    line: int


@dataclass(frozen=True)
class Shown:
    """A block that shows a query; `line` is that of its fence."""

    block: blocks.AnyBlock
    line: int


@dataclass(frozen=True)
class Prose:
    """Markdown between blocks, parsed; `line` is that of its first line."""

    tokens: Sequence[Token]
    line: int


@dataclass(frozen=True)
class Document:
    """A report as written: queries and parameters by name, and what is shown, in order."""

    file: str
    queries: dict[str, Query] = field(default_factory=dict)
    parts: tuple[Prose | Shown, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)


def parse(text: str, file: str = "report.md") -> Document:
    """Return the parts of a report.

    Raises:
        ReportError: a block that is not understood, or two queries of one name; with the line.
    """
    queries: dict[str, Query] = {}
    parts: list[Prose | Shown] = []
    declared: dict[str, Any] = {}
    pending: list[Token] = []

    def flush() -> None:
        if pending:
            parts.append(Prose(tuple(pending), _line(pending[0])))
            pending.clear()

    for token in _markdown().parse(text):
        kind, name = _info(token)
        if kind not in ("sql", "parameters") and kind not in blocks.KINDS:
            pending.append(token)
            continue
        flush()
        line = _line(token)
        try:
            if kind == "sql":
                _add_query(queries, Query(name, token.content, line + 1))
            elif kind == "parameters":
                declared |= parameters.parse(token.content, line)
            else:
                parts.append(Shown(block_yaml.parse(kind, token.content, line), line))
        except ReportError as error:
            raise error.at(file, line) from None
    flush()
    document = Document(file, queries, tuple(parts), declared)
    _check_references(document)
    return document


def html(prose: Prose, value: Callable[[str, str, str], str], explained: bool = False) -> str:
    """Return prose as safe HTML.

    Args:
        prose: parsed Markdown.
        value: from query, column and format (may be empty) to the text of a `{{ … }}` value.
        explained: each value says which it is, so that the page can lead to its explanation.
    """
    markdown = _markdown()
    env = {"value": value, "explained": explained}
    return str(markdown.renderer.render(list(prose.tokens), markdown.options, env))


def fill(text: str, value: Callable[[str, str, str], str]) -> str:
    """Return `text` of a block (its title, say) with the `{{ … }}` values in it; not yet HTML."""
    return VALUE.sub(lambda match: value(match[1], match[2] or "", match[3] or ""), text)


def values(prose: Prose) -> list[tuple[str, str, str, int]]:
    """Return query, column, format and line of every `{{ … }}` in `prose`.

    The column is empty where a parameter is named.
    """
    return [
        (child.meta["query"], child.meta["column"], child.meta["format"], _line(token))
        for token in prose.tokens
        for child in token.children or ()
        if child.type == "report_value"
    ]


def _add_query(queries: dict[str, Query], query: Query) -> None:
    if not re.fullmatch(r"[A-Za-z_]\w*", query.name):
        raise ReportError(
            f"a SQL block needs a name, not `{query.name}`."
            if query.name
            else "a SQL block needs a name.",
            hint="Write ```sql and a name of letters, digits and underscores.",
        )
    if query.name in queries:
        raise ReportError(
            f"there are two queries named `{query.name}`.", hint="Give each its own name."
        )
    queries[query.name] = query


def references(block: blocks.AnyBlock) -> list[str]:
    """Return the names of the queries that a block shows."""
    if isinstance(block, blocks.Numbers):
        found = []
        for card in block.cards:
            wanted = [card.value, *card.compare.values(), *([card.trend] if card.trend else [])]
            found += [reference.split(".")[0] for reference in wanted]
        return found
    titled = [match[1] for match in VALUE.finditer(titles(block)) if match[2]]
    if isinstance(block, blocks.Chart) and block.shade:
        ends = (block.shade.start, block.shade.end)
        titled += [reference.split(".")[0] for reference in ends]
    return [block.query, *titled]


def _check_references(document: Document) -> None:
    for part in document.parts:
        if isinstance(part, Prose):
            _check_values(document.file, part)
            shown = values(part)
        else:
            shown = [(query, "*", "", part.line) for query in references(part.block)]
            shown += _titles(part)
        _check_parameters(document, [(name, line) for name, column, _, line in shown if not column])
        for name, line in ((name, line) for name, column, _, line in shown if column):
            if name not in document.queries:
                raise ReportError(
                    f"there is no query `{name}`.",
                    file=document.file,
                    line=line,
                    hint=did_you_mean(name, document.queries)
                    or "Write a ```sql block of that name.",
                )


def _titles(part: Shown) -> list[tuple[str, str, str, int]]:
    """Return the parameters that a block's title names."""
    found = VALUE.finditer(titles(part.block))
    return [(match[1], "", "", part.line) for match in found if not match[2]]


def titles(block: blocks.AnyBlock) -> str:
    """Return the texts of a block that may hold values."""
    return " ".join(getattr(block, name, "") for name in TITLES)


def _check_parameters(document: Document, shown: Sequence[tuple[str, int]]) -> None:
    known = {*document.parameters, *parameters.names(document.parameters)}
    for name, line in shown:
        if name not in known:
            hint = f"Write {{{{ {name}.column }}}}." if name in document.queries else ""
            raise ReportError(
                f"there is no parameter `{name}`.",
                file=document.file,
                line=line,
                hint=hint or did_you_mean(name, known) or "Declare it in a ```parameters block.",
            )


def _check_values(file: str, prose: Prose) -> None:
    for token in prose.tokens:
        for child in token.children or ():
            if child.type == "text" and "{{" in child.content:
                raise ReportError(
                    f"a value is not understood: {child.content[child.content.index('{{') :][:60]}",
                    file=file,
                    line=_line(token),
                    hint="Write {{ query.column }} or {{ query.column | format }}.",
                )


def _info(token: Token) -> tuple[str, str]:
    if token.type != "fence" or token.level:
        return "", ""
    kind, _, name = token.info.strip().partition(" ")
    return kind.lower(), name.strip()


def _line(token: Token) -> int:
    return token.map[0] + 1 if token.map else 1


def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False, "typographer": False})
    markdown.enable(["table", "strikethrough"])
    markdown.inline.ruler.before("text", "report_value", _value_rule)
    markdown.add_render_rule("report_value", _render_value)
    markdown.add_render_rule("image", _render_image)
    markdown.add_render_rule("link_open", _render_link)
    return markdown


def _value_rule(state: StateInline, silent: bool) -> bool:
    match = VALUE.match(state.src, state.pos)
    if not match:
        return False
    if not silent:
        token = state.push("report_value", "", 0)
        token.meta = {"query": match[1], "column": match[2] or "", "format": match[3] or ""}
    state.pos = match.end()
    return True


def _render_value(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    meta = tokens[index].meta
    text = escape(str(env["value"](meta["query"], meta["column"], meta["format"])))
    if not (env["explained"] and meta["column"]):
        return text
    return f'<span data-e="{meta["query"]}/{meta["column"]}">{text}</span>'


def _render_image(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    token = tokens[index]
    source, text = str(token.attrs.get("src", "")), escape(token.content)
    if not IMAGE.fullmatch(source):
        return f'<span class="no-picture">[picture left out: {text or "no name"}]</span>'
    return f'<img src="{escape(source)}" alt="{text}">'


def _render_link(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    tokens[index].attrSet("rel", "noopener noreferrer nofollow")
    return str(self.renderToken(tokens, index, options, env))
