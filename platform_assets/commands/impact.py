"""`platform-assets impact`: what the change at hand touches, before anybody merges it."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from platform_assets.catalog.impact.compare import Impact


@click.command()
@click.option("--base", required=True, metavar="REF", help="Branch, tag or commit to compare with.")
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    show_default=True,
    help="`markdown` is for a comment on a pull request.",
)
@click.option("--strict", is_flag=True, help="Exit with 1, too, where numbers mean something else.")
def impact(base: str, style: str, strict: bool) -> None:
    """Say what the project as it lies here touches, compared with a commit.

    Columns that are new, gone, of another type, or worked out in another way; tables that have
    other rows; and whom it hits: tables, reports, their owners and readers. Data are not needed,
    and none are read.

    \b
    Exits with
      0  nothing that anybody relies on was taken away: nothing changed, things are new, or
         numbers mean something else (which is told; --strict makes it 1)
      1  a contract is violated, or a column that is used is gone or of another type
      2  it could not be told: no git, no such commit, or a state that does not parse

    \b
    Examples:
      platform-assets impact --base main
      platform-assets impact --base origin/main --format markdown > comment.md
    """
    from platform_assets.catalog.impact import markdown, states, told
    from platform_assets.catalog.impact.compare import compare

    before, after = states.both(base)
    found = compare(before, after)
    if style == "markdown":
        click.echo(markdown.text(found, base), nl=False)
    elif style == "json":
        click.echo(json.dumps(_facts(found), ensure_ascii=False, indent=1))
    else:
        click.echo(told.text(found))
    if found.broken or (strict and found.touching):
        raise click.exceptions.Exit(1)


def _facts(found: "Impact") -> dict[str, object]:
    return {
        "changes": [asdict(change) for change in found.changes],
        "hits": [
            {"key": h.thing.key, "columns": list(h.columns), "sure": h.sure} for h in found.hits
        ],
        "owners": list(found.owners),
        "broken": len(found.broken),
    }
