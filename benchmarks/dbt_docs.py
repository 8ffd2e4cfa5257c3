"""`dbt docs` of the catalog benchmark's workspace, in a process of its own, looked at in Chromium.

The same assets as models of a dbt project. Prints one JSON object: seconds and MiB. A search is
timed inside the page, from the word in the box until the results stand, without the painting.
"""

import contextlib
import json
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import yaml

from benchmarks import catalog_world
from benchmarks.asking import SEARCHES, asked, shares
from benchmarks.measure import MEBIBYTE

CHANGED = "brandnewword"
PROFILE = {"bench": {"target": "dev", "outputs": {"dev": {"type": "duckdb", "path": ":memory:"}}}}
TYPED = """word => {
  const box = document.querySelector('#search'), started = performance.now()
  box.focus()
  box.value = word
  box.dispatchEvent(new Event('input'))
  return (performance.now() - started) / 1000
}"""
HEAP = "() => performance.memory.usedJSHeapSize"


def main() -> None:
    """Measure `dbt docs` in the folder that the first argument names."""
    project = Path(sys.argv[1])
    specs = catalog_world.specs()
    write_project(project, specs)
    generate(project)
    write_model(project, specs[5], CHANGED)
    started = time.perf_counter()
    generate(project)
    told = {"changed": time.perf_counter() - started}
    keys = ["/".join(spec.key.path) for spec in specs]
    with served(project / "target") as url:
        told |= looked_at(url, asked(keys))
    print(json.dumps(told))


def write_project(project: Path, specs: list[dg.AssetSpec]) -> None:
    """Write a dbt project that has a model with its columns for each asset."""
    (project / "models").mkdir()
    (project / "dbt_project.yml").write_text(
        "name: bench\nprofile: bench\nversion: '1.0'\nflags: {send_anonymous_usage_stats: false}\n"
    )
    (project / "profiles.yml").write_text(yaml.safe_dump(PROFILE))
    for spec in specs:
        write_model(project, spec)


def write_model(project: Path, spec: dg.AssetSpec, also: str = "") -> None:
    """Write one asset as a model: its SQL, and its description and columns beside it."""
    name = spec.key.path[-1]
    near = [dep.asset_key.path[-1] for dep in spec.deps]
    sql = "\nunion all\n".join(f"select * from {{{{ ref('{other}') }}}}" for other in near)
    (project / "models" / f"{name}.sql").write_text(sql or "select 1 as one")
    columns: dg.TableSchema = spec.metadata["dagster/column_schema"]
    model = {
        "name": name,
        "description": f"{spec.description} {also}".strip(),
        "columns": [
            {"name": column.name, "description": column.description} for column in columns.columns
        ],
    }
    (project / "models" / f"{name}.yml").write_text(json.dumps({"version": 2, "models": [model]}))


def generate(project: Path) -> None:
    """Write the documentation, without asking a warehouse.

    Raises:
        subprocess.CalledProcessError: dbt failed; its own words are printed.
    """
    dbt = Path(sys.executable).with_name("dbt")
    subprocess.run(
        [dbt, "--quiet", "docs", "generate", "--empty-catalog"],
        cwd=project,
        stdout=sys.stderr,
        check=True,
    )


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on loopback, as `dbt docs serve` does."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "-d", str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{port}/index.html"
    finally:
        server.terminate()
        server.wait()


def looked_at(url: str, searches: list[str]) -> dict[str, float]:
    """Return what a reader's browser needs: the first page, searches, memory."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--enable-precise-memory-info"],
        )
        page = browser.new_page()
        page.set_default_timeout(600_000)
        started = time.perf_counter()
        _open(page, url)
        told = {"first": time.perf_counter() - started}
        page.evaluate(TYPED, CHANGED)
        assert page.locator(".search-result").count() == 1
        chance = random.Random(1)
        some = chance.sample(searches, min(len(searches), SEARCHES // 4))
        told |= shares("search", [float(page.evaluate(TYPED, word)) for word in some])
        told["memory"] = float(page.evaluate(HEAP)) / MEBIBYTE
        browser.close()
    return told


def _open(page: Any, url: str) -> None:
    """Wait until the overview stands, which is when everything has been read."""
    page.goto(url)
    page.wait_for_selector("#search:visible")
    page.wait_for_selector("text=bench", state="attached")


if __name__ == "__main__":
    main()
