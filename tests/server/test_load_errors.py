"""What does not load is named with file and line, however deep the error was."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster._core.errors import DagsterUserCodeLoadError, user_code_error_boundary
from dagster._utils.error import serializable_error_info_from_exc_info

from platform_assets.commands.execution import load_definitions
from platform_assets.server import forks
from platform_assets.server.load_errors import load_error
from resources.errors import PlatformError
from resources.settings import PROJECT_ROOT, settings

COMPONENT = "platform_assets.components.FileSource"


@pytest.fixture
def project(tmp_path: Path, project_data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of declarations with one empty folder, which the settings name."""
    folder = tmp_path / "broken_project" / "orders"
    folder.mkdir(parents=True)
    (tmp_path / "broken_project" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PLATFORM_DEFS_MODULE", "broken_project")
    yield folder
    for name in list(sys.modules):
        if name.startswith(("broken_project", "platform_assets.definitions")):
            del sys.modules[name]


def reason() -> str:
    """Return why the project's definitions do not load."""
    sys.modules.pop("platform_assets.definitions", None)
    importlib.invalidate_caches()
    with pytest.raises(PlatformError, match="The definitions do not load:") as error:
        load_definitions("platform_assets.definitions")
    return error.value.message


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (
            f"type: {COMPONENT}\n\nattributes:\n  globb: x\n",
            4,
            "attributes.globb: there is no such",
        ),
        (f"type: {COMPONENT}\n\nattributes:\n  glob: x\n", 3, "attributes.owner: Field required"),
        ("type: platform_assets.components.FileSorce\n", 1, "no attribute `FileSorce`"),
        ("# mine\ntype: platform_asset.FileSource\n", 2, "No module named 'platform_asset'"),
    ],
)
def test_a_mistake_in_a_declaration_is_named_with_its_line(
    project: Path, text: str, line: int, words: str
) -> None:
    (project / "defs.yaml").write_text(text)
    found = [said for said in reason().splitlines() if words in said]
    assert found[0].startswith(f"{project / 'defs.yaml'}:{line}: ")


DATABASE = """type: platform_assets.components.DatabaseSource
attributes:
  owner: team:data
  domain: commerce
  description: The shop.
  freshness: {fail: 50h}
  # url: "{{ env.AN_OLD_URL }}"
  url: "{{ env.SHOP_URL }}"
  tables:
    - {name: orders}
"""


def test_a_missing_secret_is_named_with_its_line(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "defs.yaml").write_text(DATABASE)
    monkeypatch.delenv("SHOP_URL", raising=False)
    found = reason()
    assert f"{project / 'defs.yaml'}:8: the environment variable SHOP_URL is not set." in found
    monkeypatch.setenv("SHOP_URL", "sqlite:///shop.sqlite")
    load_definitions("platform_assets.definitions")


def test_yaml_that_does_not_parse_is_named_with_its_line(project: Path) -> None:
    (project / "defs.yaml").write_text(f"type: {COMPONENT}\nattributes: [\n")
    assert f"{project / 'defs.yaml'}:3: this is not valid YAML: expected" in reason()


@pytest.mark.parametrize(
    ("code", "line", "words"),
    [
        ("x = 1\ny = z\n", 2, "NameError: name 'z' is not defined"),
        ("from resources import nothing\n", 1, "ImportError: cannot import name 'nothing'"),
    ],
)
def test_an_error_in_python_is_named_with_its_line(
    project: Path, code: str, line: int, words: str
) -> None:
    (project / "assets.py").write_text(code)
    assert f"{project / 'assets.py'}:{line}: {words}" in reason()


def test_no_traceback_is_shown(project: Path) -> None:
    (project / "assets.py").write_text("raise OSError('broken')\n")
    assert "Traceback" not in reason()
    assert "site-packages" not in reason()


SOURCE = """type: {component}
attributes:
  name: orders
  owner: team:data
  domain: shop
  description: One row per order.
  freshness: {{fail: 26h}}
  glob: "{glob}"
  format: {{type: csv}}
"""


COLUMNS = """  columns:
    - {name: id, type: bigint}
    - name: amount
      type: integer
      requird: true
"""


def test_a_mistake_in_a_column_is_told_as_it_is_written_and_nothing_else(project: Path) -> None:
    file = project / "defs.yaml"
    file.write_text(SOURCE.format(component=COMPONENT, glob="orders/*.csv") + COLUMNS)
    _, first, *others = reason().splitlines()
    assert first.startswith(f"{file}:11: attributes.columns[0].type: 'bigint' is none of: string")
    field = f"{file}:14: attributes.columns[1].requird"
    assert others == [f"{field}: there is no such field; did you mean `required`?"]


def test_of_two_declarations_in_one_file_the_wrong_one_is_named(project: Path) -> None:
    file = project / "defs.yaml"
    good = SOURCE.format(component=COMPONENT, glob="orders/*.csv")
    file.write_text(good + "---\n" + good.replace("fail:", "fial:"))
    field = f"{file}:17: attributes.freshness.fial: there is no such field; did you mean `fail`?"
    assert field in reason().splitlines()


def test_a_field_that_is_of_the_wrong_kind_altogether_is_still_told(project: Path) -> None:
    file = project / "defs.yaml"
    good = SOURCE.format(component=COMPONENT, glob="orders/*.csv")
    file.write_text(good + "  columns: 5\n")
    told = reason().splitlines()[1:]
    assert told and all(said.startswith(f"{file}:10: attributes.columns: Input") for said in told)


def test_dagsters_pages_show_the_words_for_people_first(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "defs.yaml").write_text(SOURCE.format(component=COMPONENT, glob="a") + "  rows: 5\n")
    sys.modules.pop("platform_assets.definitions", None)

    class Server:
        """As much of Dagster's code server as is changed."""

        def __init__(self) -> None:
            try:
                with user_code_error_boundary(DagsterUserCodeLoadError, lambda: "Error in\nx=1"):
                    importlib.import_module("platform_assets.definitions")
            except DagsterUserCodeLoadError:
                self._serializable_load_error = serializable_error_info_from_exc_info(
                    sys.exc_info()
                )

    monkeypatch.setattr("dagster._grpc.server.DagsterApiServer", Server)
    forks._use_fork_server()
    error = (
        importlib.import_module("dagster._grpc.server").DagsterApiServer()._serializable_load_error
    )
    words = f"{project / 'defs.yaml'}:10: attributes.rows: there is no such field"
    assert error.message.startswith(f"The definitions do not load:\n{words}")
    assert error.cause is not None and error.message.strip() == str(load_error(error))


def refusal() -> str:
    """Return why the platform refuses the project's definitions."""
    sys.modules.pop("platform_assets.definitions", None)
    importlib.invalidate_caches()
    with pytest.raises(PlatformError) as error:
        load_definitions("platform_assets.definitions")
    return str(error.value)


def test_two_sources_of_one_name_are_both_named(project: Path) -> None:
    other = project.parent / "returns"
    other.mkdir()
    for folder in (project, other):
        text = SOURCE.format(component=COMPONENT, glob=f"{folder.name}/*.csv")
        (folder / "defs.yaml").write_text(text)
    said = refusal()
    assert "Two sources make raw.orders" in said
    assert str(project / "defs.yaml") in said and str(other / "defs.yaml") in said


def test_an_asset_that_nobody_owns_is_named_with_file_and_line(project: Path) -> None:
    (project / "mine.py").write_text(
        "import dagster as dg\n\n\n@dg.asset\ndef mine() -> None:\n    pass\n"
    )
    said = refusal()
    assert f"{project / 'mine.py'}:4: mine lacks an owner, a description" in said


def test_a_dbt_project_that_does_not_parse_is_named_with_its_file(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dbt = tmp_path / "dbt"
    (dbt / "models").mkdir(parents=True)
    (dbt / "dbt_project.yml").write_text("name: platform\nversion: '1.0'\nprofile: platform\n")
    (dbt / "profiles.yml").write_text((PROJECT_ROOT / "dbt" / "profiles.yml").read_text())
    (dbt / "models" / "broken.sql").write_text("select * from {{ ref('nothing_of_that_name') }}")
    monkeypatch.setenv("PLATFORM_DBT_DIR", str(dbt))
    settings.cache_clear()
    (project / "defs.yaml").write_text("type: platform_assets.components.DbtWarehouse\n")
    said = refusal()
    assert "nothing_of_that_name" in said and "models/broken.sql" in said
