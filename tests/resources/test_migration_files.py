"""Files of a lake that are copied: each byte for byte the same, and only once."""

from pathlib import Path

import obstore
import pytest

from resources import object_store as stores
from resources.errors import PlatformError
from resources.settings import settings
from resources.warehouse.migration import files
from tests.object_store import object_store

KINDS = ("folder", "bucket")


@pytest.fixture(params=KINDS)
def root(
    request: pytest.FixtureRequest, project_data: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    """An empty place of each kind."""
    if request.param == "folder":
        return str(project_data / "there")
    for name, value in object_store().environment().items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    return f"{object_store().new_bucket()}/lake"


@pytest.fixture
def found(tmp_path: Path) -> dict[str, Path]:
    """Files of some sizes; one is uploaded in parts."""
    made = {}
    for name, size in {"a/small": 10, "a/empty": 0, "b/large": files.PART_BYTES + 5}.items():
        made[name] = tmp_path / name.replace("/", "-")
        made[name].write_bytes((b"0123456789abcdef" * (size // 16 + 1))[:size])
    return made


def put(root: str, name: str, content: bytes) -> None:
    """Put a file there, as somebody else does."""
    if stores.is_object_store(root):
        obstore.put(stores.store(root), name, content)
    else:
        (Path(root) / name).write_bytes(content)


def test_files_are_copied_once(root: str, found: dict[str, Path]) -> None:
    assert files.place_at(root).names() == []
    steps: list[int] = []
    copied = files.copy(found, files.place_at(root), steps.append)
    total = sum(file.stat().st_size for file in found.values())
    assert copied == files.Copied(files=3, bytes=total, new=3) and sum(steps) == total
    place = files.place_at(root)
    assert sorted(place.names()) == sorted(found)
    assert files.copy(found, place, steps.append).new == 0
    put(root, "a/small", b"9876543210")
    assert files.copy(found, files.place_at(root), steps.append).new == 1
    assert all(files.place_at(root).has(name, file) for name, file in found.items())


def test_a_store_whose_tags_say_nothing_is_read(
    root: str, found: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_tags", lambda file: set())
    assert files.copy(found, files.place_at(root), lambda _: None).new == 3
    assert files.copy(found, files.place_at(root), lambda _: None).new == 0
    put(root, "a/small", b"9876543210")
    assert not files.place_at(root).has("a/small", found["a/small"])


def test_a_copy_that_is_not_the_same_is_told(
    root: str, found: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = files.place_at(root)
    real = place.put

    def torn(name: str, file: Path) -> None:
        other = file.with_name("other")
        other.write_bytes(b"9876543210")
        real(name, other if name == "a/small" else file)

    monkeypatch.setattr(place, "put", torn)
    with pytest.raises(PlatformError, match="a/small is not the same after it was copied"):
        files.copy(found, place, lambda _: None)


def test_a_file_that_is_gone_is_told(root: str, found: dict[str, Path]) -> None:
    found["a/small"].unlink()
    with pytest.raises(PlatformError, match="a/small can't be copied: No such file"):
        files.copy(found, files.place_at(root), lambda _: None)
    files.copy(found, files.place_at(root), lambda _: None, passing=True)
    assert sorted(files.place_at(root).names()) == ["a/empty", "b/large"]
