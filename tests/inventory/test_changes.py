"""The last commit of each file: asked of git once, until there is another one."""

import pytest

from platform_assets.inventory import changes
from resources import git

TOLD = "\x012026-07-01T12:00:00+02:00\x00Ada\x00Count VAT\n\n{}"


def test_git_is_asked_once_for_each_state_however_many_files_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(changes, "_KNOWN", {})
    heads, logs = ["one"], []

    def ask(*arguments: str) -> str:
        if arguments[0] == "rev-parse":
            return heads[-1]
        logs.append(arguments)
        return TOLD.format("f1")

    monkeypatch.setattr(git, "ask", ask)
    files = [f"f{n}" for n in range(9_000)]
    for _ in range(2):
        assert {file: commit.by for file, commit in changes.last(files).items()} == {"f1": "Ada"}
    assert len(logs) == 1
    assert changes.last(["f1", "new"]).keys() == {"f1"}
    assert logs[1][-1] == "new"
    heads.append("two")
    assert changes.last(["f1"]).keys() == {"f1"}
    assert len(logs) == 3
