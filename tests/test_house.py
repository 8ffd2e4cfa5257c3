"""The walls of the house: who may import whom, and that the documentation tells the truth."""

import ast
from pathlib import Path

import pytest
from pydantic import AliasChoices

from resources.settings import PROJECT_ROOT, Settings

MIDDLE = {
    "ingestion",
    "reporting",
    "lineage",
    "maintenance",
    "policy",
    "product",
    "usage",
}
# What rests on rooms of the middle, and on which.
UPPER = {
    "inventory": {"lineage", "policy"},
    "care": {"inventory", "product", "usage", "policy"},
    "sample": {"product"},
}
ABOVE = {"components", "definitions", "automation", "cli", "catalog"}
SOURCES = sorted(
    path
    for room in ("resources", "platform_assets")
    for path in (PROJECT_ROOT / room).rglob("*.py")
)


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def room(path: Path) -> str:
    parts = path.relative_to(PROJECT_ROOT).with_suffix("").parts
    return parts[0] if parts[0] == "resources" else parts[1]


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PROJECT_ROOT)))
def test_rooms_import_only_what_is_below_them(path: Path) -> None:
    own, found = room(path), imports(path)
    if own == "resources":
        assert not any(name.startswith("platform_assets") for name in found)
    if own in MIDDLE or own in UPPER:
        others = (MIDDLE | UPPER.keys() | ABOVE) - {own, *UPPER.get(own, ())}
        reached = {n for n in found for o in others if n.startswith(f"platform_assets.{o}")}
        assert not reached
    if own in {"ingestion", "sample", "reporting"}:
        assert not any(name.split(".")[0] == "dagster" for name in found)


def test_dbt_is_a_folder_and_no_package() -> None:
    assert not (PROJECT_ROOT / "dbt" / "__init__.py").exists()


def test_every_setting_stands_in_the_readme() -> None:
    readme = (PROJECT_ROOT / "README.md").read_text()
    missing = []
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        names = alias.choices if isinstance(alias, AliasChoices) else [alias or f"PLATFORM_{name}"]
        if not any(f"`{str(each).upper()}`" in readme for each in names):
            missing.append(name)
    assert not missing


def test_only_one_module_reads_the_environment() -> None:
    readers = [
        path.relative_to(PROJECT_ROOT).as_posix()
        for path in SOURCES
        if "os.getenv" in path.read_text() or "os.environ.get" in path.read_text()
    ]
    assert readers == []
