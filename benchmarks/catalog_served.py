"""One web server of the catalog's benchmark, in a process of its own: ours, or plain Dagster's.

Prints one JSON object: seconds and MiB. Requests go through the whole application, in process.
"""

import gc
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from benchmarks.asking import asked, shares
from benchmarks.measure import MEBIBYTE, ROOT

PAGES, MADE = 100, 500
PLAIN_SEARCH = "{ assetsOrError { ... on AssetConnection { nodes { key { path } definition { description groupName owners { ... on TeamAssetOwner { team } } tags { key value } } } } } }"  # noqa: E501
PLAIN_ASSET = "query A($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { ... on AssetNode { description owners { ... on TeamAssetOwner { team } } dependencyKeys { path } dependedByKeys { path } metadataEntries { label ... on TableSchemaMetadataEntry { schema { columns { name type description } } } } assetMaterializations(limit: 1) { timestamp runId } } } }"  # noqa: E501


def main() -> None:
    """Measure `catalog` or `plain`, named by the first argument; the second is its folder."""
    kind, folder = sys.argv[1], Path(sys.argv[2])
    (folder / "dagster.yaml").touch()
    os.environ.update(DAGSTER_HOME=str(folder), PLATFORM_DATA_DIR=str(folder))
    tempfile.tempdir = str(folder)
    from dagster import DagsterInstance
    from dagster._core.workspace.context import WorkspaceProcessContext
    from dagster._core.workspace.load_target import ModuleTarget

    target = ModuleTarget("benchmarks.catalog_world", None, str(ROOT), "bench")
    with DagsterInstance.get() as instance:
        started = time.perf_counter()
        with WorkspaceProcessContext(instance, target) as context:
            told = {"loaded": time.perf_counter() - started}
            told |= (ours if kind == "catalog" else plain)(context)
    print(json.dumps(told))


def ours(context: Any) -> dict[str, float]:
    """Measure the whole web server of the platform."""
    from starlette.testclient import TestClient

    from platform_assets.catalog.catalog import Catalog
    from platform_assets.server import web

    keys = _keys(context)
    _materialize(context.instance, keys)
    before = _memory()
    kept: list[Catalog] = []
    _remember(Catalog, kept)
    client = TestClient(web.application(context))
    told = {"before": before, "first": _timed(lambda: _get(client, "/catalog/"))}
    searches = [
        _timed(lambda q=q: _get(client, f"/catalog/search.json?q={q}")) for q in asked(keys)
    ]
    chance = random.Random(3)
    pages = [
        _timed(lambda k=k: _get(client, f"/catalog/asset/{k}")) for k in chance.sample(keys, PAGES)
    ]
    middle = keys[len(keys) // 2]
    drawing = f"/catalog/lineage/{middle}.svg?up=12&down=12"
    told["lineage"] = statistics.median(_timed(lambda: _get(client, drawing)) for _ in range(5))
    told["boxes"] = _get(client, drawing).count("<rect")
    told |= shares("search", searches) | shares("page", pages)
    gc.collect()
    told["memory"] = _memory()
    os.environ["BENCH_CHANGED"] = "brandnewword"
    context.reload_code_location("bench")
    told["changed"] = _timed(kept[0].view)
    assert kept[0].index.search("brandnewword").total == 1
    return told


def plain(context: Any) -> dict[str, float]:
    """Measure Dagster's own web server: its GraphQL, asked the same."""
    from dagster_webserver.webserver import DagsterWebserver
    from starlette.testclient import TestClient

    keys = _keys(context)
    _materialize(context.instance, keys)
    before = _memory()
    client = TestClient(DagsterWebserver(context).create_asgi_app())

    def ask(query: str, **variables: Any) -> None:
        answer = client.post("/graphql", json={"query": query, "variables": variables})
        assert answer.status_code == 200 and "errors" not in answer.json(), answer.text[:500]

    told = {"before": before, "first": _timed(lambda: ask(PLAIN_SEARCH))}
    searches = [_timed(lambda: ask(PLAIN_SEARCH)) for _ in range(5)]
    chance = random.Random(3)
    pages = [
        _timed(lambda k=k: ask(PLAIN_ASSET, key={"path": k.split("/")}))
        for k in chance.sample(keys, PAGES)
    ]
    gc.collect()
    return {**told, **shares("search", searches), **shares("page", pages), "memory": _memory()}


def _keys(context: Any) -> list[str]:
    graph = context.create_request_context().asset_graph
    return sorted("/".join(key.path) for key in graph.get_all_asset_keys())


def _materialize(instance: Any, keys: list[str]) -> None:
    import dagster as dg

    for key in keys[:MADE]:
        instance.report_runless_asset_event(
            dg.AssetMaterialization(key.split("/"), metadata={"dagster/row_count": 5})
        )


def _remember(catalog: Any, kept: list[Any]) -> None:
    """Keep the catalog that the application makes for itself."""
    make = catalog.__init__

    def remembered(self: Any, *args: Any) -> None:
        make(self, *args)
        kept.append(self)

    catalog.__init__ = remembered


def _get(client: Any, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return str(answer.text)


def _timed(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _memory() -> float:
    return float(psutil.Process().memory_info().rss) / MEBIBYTE


if __name__ == "__main__":
    main()
