"""What there is, made or not: a job event and a dataset event for every asset.

What belongs here: the catalog as events, and the digest that says whether it is another one. What
does not: when it is sent (`tail`).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping

from openlineage.client.event_v2 import (
    DatasetEvent,
    InputDataset,
    Job,
    JobEvent,
    OutputDataset,
    StaticDataset,
)
from openlineage.client.serde import Serde

from platform_assets.lineage.openlineage.emit import datasets, facets
from platform_assets.lineage.openlineage.emit.described import Described, unknown
from platform_assets.lineage.openlineage.naming import Naming


def events(
    assets: Mapping[str, Described], naming: Naming, time: str
) -> Iterator[JobEvent | DatasetEvent]:
    """Yield the events of the whole catalog, always in the same order.

    Args:
        time: of every event, as OpenLineage writes one.
    """
    for key in sorted(assets):
        asset = assets[key]
        yield DatasetEvent(
            eventTime=time,
            producer=facets.PRODUCER,
            dataset=StaticDataset(
                asset.names.namespace, asset.names.name, facets=datasets.facets_of(asset, naming)
            ),
        )
        if asset.made_here:
            yield _job(asset, assets, naming, time)


def _job(asset: Described, assets: Mapping[str, Described], naming: Naming, time: str) -> JobEvent:
    namespace, name = naming.job_of(asset.key)
    parents = ((assets.get(p) or unknown(p, naming)).names.primary for p in asset.parents)
    return JobEvent(
        eventTime=time,
        producer=facets.PRODUCER,
        job=Job(namespace, name, facets.job(asset)),
        inputs=[InputDataset(i.namespace, i.name) for i in (*parents, *asset.sources)],
        outputs=[OutputDataset(asset.names.namespace, asset.names.name)],
    )


def digest(assets: Mapping[str, Described], naming: Naming) -> str:
    """Return what tells one content of the catalog from another."""
    found = hashlib.sha256()
    for event in events(assets, naming, "1970-01-01T00:00:00+00:00"):
        found.update(json.dumps(Serde.to_dict(event), sort_keys=True, default=str).encode())
    return found.hexdigest()[:16]
