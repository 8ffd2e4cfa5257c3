"""What a change touches, as a comment on a pull request.

What belongs here: GitHub's and GitLab's Markdown, within what a comment can hold. What does not:
the sentences (`told`).
"""

from platform_assets.catalog.impact import told
from platform_assets.catalog.impact.compare import ADDED, Impact

MARK = "<!-- platform-assets impact -->"  # by which CI finds its comment of before, to replace it
LONGEST = 60_000  # characters; a comment of GitHub's holds 65,536
LISTED = 50  # rows of a table


def text(impact: Impact, base: str) -> str:
    """Return the comment."""
    parts = [MARK, "### What this change touches", told.headline(impact)]
    if impact.broken:
        parts.append("#### Breaks")
        parts.append(
            "\n".join(
                f"- **{told.title(c.key, impact)}**: {told.sentence(c, impact)} ({c.broken})."
                for c in impact.broken
            )
        )
    parts += _changes(impact)
    parts += _hits(impact)
    if impact.owners:
        parts.append(f"**Tell:** {', '.join(map(_owner, impact.owners))}")
    parts.append(f"<sub>Compared with `{base}` by `platform-assets impact`.</sub>")
    body = "\n\n".join(parts) + "\n"
    return body if len(body) <= LONGEST else f"{body[:LONGEST]}\n\n… and more.\n"


def _changes(impact: Impact) -> list[str]:
    rest = [c for c in impact.changes if not c.broken and c.kind != ADDED]
    new = [c for c in impact.changes if c.kind == ADDED]
    parts = []
    if rest:
        parts.append("#### Changes")
        for key, changes in told.grouped(impact, rest).items():
            lines = [f"  - {line}" for line in told.sentences(changes, impact)]
            parts.append("\n".join([f"- **{told.title(key, impact)}**", *lines]))
    if new:
        lines = []
        for key, changes in told.grouped(impact, new).items():
            names = ", ".join(f"`{c.column}`" for c in changes if c.column)
            lines.append(f"- **{told.title(key, impact)}**{': ' + names if names else ''}")
        parts += ["#### New", "\n".join(lines)]
    return parts


def _hits(impact: Impact) -> list[str]:
    parts = []
    if impact.reports:
        rows = [
            f"| {_cell(h.thing.label)} | {_cell(h.thing.audience)} | "
            f"{_cell(', '.join(map(_owner, h.thing.owners)))} | {_cell(told.touched(h))} |"
            for h in impact.reports[:LISTED]
        ]
        head = "| Report | Read by | Owner | Numbers |\n| --- | --- | --- | --- |"
        parts += ["#### Reports that show other numbers", "\n".join([head, *rows])]
    tables = [h for h in impact.hits if h.thing.kind != "report"]
    if tables:
        rows = [
            f"| {_cell(h.thing.key)} | {_cell(', '.join(map(_owner, h.thing.owners)))} | "
            f"{_cell(told.touched(h))} |"
            for h in tables[:LISTED]
        ]
        head = "| Table | Owner | Columns |\n| --- | --- | --- |"
        shown = "\n".join([head, *rows])
        summary = f"<summary>{len(tables)} tables downstream are touched</summary>"
        parts.append(f"<details>{summary}\n\n{shown}\n\n</details>")
    return parts


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _owner(name: str) -> str:
    team = name.startswith("team:")
    return f"{name.removeprefix('team:')} team" if team else name
