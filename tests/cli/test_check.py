"""`platform-assets check` tells once why the definitions do not load, and where."""

from pathlib import Path

import pytest

from platform_assets.cli import run
from platform_assets.commands import check

NEED_DEFINITIONS = ("declarations", "code location", "glossary", "reports")
SOURCE = """type: platform_assets.components.FileSource
attributes:
  owner: team:data
  domain: shop
  description: One row per order.
  freshness: {fail: 26h}
  glob: "orders/*.csv"
  format: {type: csv}
  columns:
    - {name: id, requird: true}
"""


def said(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path, text: str
) -> str:
    """Return what the checks that need definitions say of a package with one declaration."""
    orders = folder / "broken_checks" / "orders"
    orders.mkdir(parents=True)
    (orders.parent / "__init__.py").touch()
    (orders / "defs.yaml").write_text(text)
    found = f"import sys\nsys.path.append({str(folder)!r})\n"
    monkeypatch.setattr(check, "LOAD", found + check.LOAD)
    monkeypatch.setenv("PLATFORM_DEFS_MODULE", "broken_checks")
    some = [known for known in check.checks() if known.name in NEED_DEFINITIONS]
    monkeypatch.setattr(check, "checks", lambda: some)
    assert run(["check"]) == 1
    return capfd.readouterr().out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (SOURCE, ":10: attributes.columns[0].requird: there is no such field; did you mean"),
        ("type: x\nattributes: [\n", ":3: this is not valid YAML: expected"),
    ],
)
def test_a_mistake_in_a_declaration_is_told_once_with_its_line(
    project_data: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    words: str,
) -> None:
    out = said(capfd, monkeypatch, tmp_path, text)
    assert out.count(f"{tmp_path / 'broken_checks' / 'orders' / 'defs.yaml'}{words}") == 1
    assert "✗ definitions" in out and "Traceback" not in out and "more lines" not in out
    for name in NEED_DEFINITIONS:
        assert f"- {name:<14}not run: the definitions do not load" in out
