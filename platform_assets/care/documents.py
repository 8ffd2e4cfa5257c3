"""Documents that fell behind the code which they describe, by the dates of their last commits.

What belongs here: which file describes which, and how far it may fall behind. What does not: asking
git (`inventory.changes`). Where there is no git, no file has a date, and nothing is behind.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from platform_assets.care import model as m
from platform_assets.care import weights as w
from platform_assets.care.model import Sum, Trouble
from platform_assets.inventory import changes
from platform_assets.inventory.health import span
from platform_assets.inventory.model import Asset, Graph
from platform_assets.product.curated import Curated

GRACE = timedelta(days=14)  # that a document may be older than the code
HALF_A_YEAR = timedelta(days=182)


@dataclass(frozen=True)
class Document:
    """A file that describes assets, on behalf of an asset or a record."""

    subject: str
    title: str
    owner: str
    url: str
    file: str
    assets: tuple[Asset, ...]


def changed(graph: Graph, curated: Curated) -> dict[str, datetime]:
    """Return when each file of code, and each document, was last changed; {} without git."""
    documents = {document.file for document in _documents(graph, curated)}
    code = {asset.file for asset in graph.assets.values() if asset.file}
    commits = changes.last(sorted(documents | code))
    return {file: datetime.fromisoformat(c.at).astimezone(UTC) for file, c in commits.items()}


def of_documents(
    graph: Graph, curated: Curated, changed: Mapping[str, datetime]
) -> Iterator[Trouble]:
    """Yield each document that is older than code which it describes, by more than two weeks."""
    for document in _documents(graph, curated):
        written = changed.get(document.file)
        code = [(changed[a.file], a) for a in document.assets if a.file in changed]
        if written is None or not code:
            continue
        at, asset = max(code, key=lambda each: (each[0], each[1].key))
        behind = at - written
        if behind > GRACE:
            yield Trouble(
                kind=m.OLD_DOCUMENT,
                subject=document.subject,
                title=document.title,
                what=f"{asset.name} was changed on {m.day(at)}, what describes it on "
                f"{m.day(written)}",
                weight=Sum.of(
                    (w.OUTDATED, "outdated"),
                    (min(behind / HALF_A_YEAR, 1) * w.LONG_OUTDATED, f"for {span(behind)}"),
                ),
                next_step=f"Read {document.file} beside {asset.file}, and say what holds now.",
                owner=document.owner,
                url=document.url,
                about=asset.key,
            )


def _documents(graph: Graph, curated: Curated) -> Iterator[Document]:
    for asset in graph.assets.values():
        if asset.described_in and asset.file:
            owner = asset.owners[0] if asset.owners else ""
            url = m.asset_url(asset.key)
            yield Document(asset.key, asset.label, owner, url, asset.described_in, (asset,))
    metrics = ((each, each.tables) for each in curated.metrics)
    requirements = ((each, each.assets) for each in curated.requirements)
    for record, keys in (*metrics, *requirements):
        assets, url = tuple(graph.having(keys)), m.record_url(record.name)
        yield Document(record.name, record.title, record.owner, url, record.file, assets)
