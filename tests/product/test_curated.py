"""Records that the team writes: what is read, and every fault with its line and the way out."""

# ruff: noqa: E501  (one fault a line)

from datetime import date
from pathlib import Path

import pytest

from platform_assets.product import curated
from platform_assets.product.curated_kinds import Action, KeyResult
from resources.errors import PlatformError
from resources.settings import PROJECT_ROOT
from tests.product.curated_files import write

OBJECTIVE = "objectives/grow.md"
REQUIREMENT = "requirements/fast.md"


def faults(folder: Path) -> list[str]:
    """Return what is told of a folder, a line a fault."""
    with pytest.raises(PlatformError) as told:
        curated.read(folder, folder)
    return told.value.message.splitlines()[1:]


def test_every_kind_is_read(tmp_path: Path) -> None:
    found = curated.read(write(tmp_path), tmp_path)
    (requirement,) = found.requirements
    assert (requirement.id, requirement.check) == ("fast", "marts/orders:unique")
    assert requirement.requests == (1, 2)
    assert requirement.text == "Why it has to be fast."
    assert (requirement.file, requirement.line) == (REQUIREMENT, 2)
    assert requirement.lines["report/weekly"] == 9
    assert [each.superseded_by for each in found.decisions] == ["two", ""]
    assert found.roadmap[0].shipped_on == date(2026, 8, 24)
    done = Action("Measure", "mara@fernweh.example", date(2026, 7, 24), date(2026, 7, 22))
    assert found.minutes[0].actions[0] == done
    assert found.metrics[0].tables == ("marts/orders",)


def test_a_key_result_has_what_its_objective_says_and_reads_what_its_query_reads(
    tmp_path: Path,
) -> None:
    more, fewer = curated.read(write(tmp_path), tmp_path).key_results
    assert (more.objective, more.owner, more.line) == ("grow", "team:data", 7)
    assert (more.start, more.due) == (date(2026, 7, 1), date(2026, 12, 31))
    assert more.tables == ("marts/orders", "raw/shop/orders")
    assert more.lines["raw/shop/orders"] == 12
    assert (fewer.owner, fewer.due) == ("shop@fernweh.example", date(2026, 9, 30))
    assert fewer.target < fewer.baseline


def test_records_are_found_by_their_names(tmp_path: Path) -> None:
    found = curated.read(write(tmp_path), tmp_path)
    assert isinstance(found.get("key_result/more-orders"), KeyResult)
    assert found.get("minutes/2026-07-09") is found.minutes[0]
    assert found.get("objective/shrink") is None


def test_no_folder_means_no_records(tmp_path: Path) -> None:
    assert curated.read(tmp_path / "none", tmp_path) == curated.Curated()


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        (REQUIREMENT, "owner:", "ovner:", "3: a requirement has no field `ovner`. Did you mean `owner`?"),
        (REQUIREMENT, "owner: team:data\n", "", "2: `owner` is missing: add `owner: …`."),
        (REQUIREMENT, "title: Fast", "title:", "2: `title`: write text."),
        (REQUIREMENT, "status: met", "status: mett", "4: `status` is 'mett'. Did you mean `met`?"),
        (REQUIREMENT, "status: met", "status: later", "4: `status` is 'later'. There is proposed, agreed, met, dropped."),
        (REQUIREMENT, "requests: [1, 2]", "requests: [1, two]", "8: `requests`: write a number."),
        (REQUIREMENT, "requests: [1, 2]", "requests: 1", "8: `requests`: it is a list: [one, another]."),
        (REQUIREMENT, "check: marts/orders:unique", "check: unique", "7: `check` is 'unique': write `<asset key>:<name of the check>`."),
        (REQUIREMENT, "check: marts/orders:unique\n", "", "2: it is met: name the `check` that verifies it."),
        (REQUIREMENT, "owner: team:data", "title: Slow", "3: `title` is written twice."),
        (REQUIREMENT, "statement: It", "statement: 'It", "10: found unexpected end of stream."),
        (REQUIREMENT, "---\n", "", "1: begin with a line ---, then `name: value` for each field, and end that with ---."),
        (OBJECTIVE, "due: 2026-12-31", "due: 2026-13-31", "5: `due` is '2026-13-31', which is no day: write it as 2026-07-31."),
        (OBJECTIVE, "due: 2026-12-31", "due: 2026", "5: `due` is 2026: write a day as 2026-07-31."),
        (OBJECTIVE, "due: 2026-12-31", "due: 2026-06-30", "5: `due` is 2026-06-30, which is not after `start`, 2026-07-01."),
        (OBJECTIVE, "due: 2026-09-30", "due: 2026-06-30", "6: `key_results`: fewer-returns is due on 2026-06-30, which is not after 2026-07-01."),
        (OBJECTIVE, "target: 20", "target: 10", "11: `target` is the baseline: there is nothing to reach."),
        (OBJECTIVE, "target: 20", "target: .inf", "11: `key_results.target`: write a number."),
        (OBJECTIVE, "unit: orders", "units: orders", "9: an objective has no field `key_results.units`. Did you mean `unit`?"),
        (OBJECTIVE, "id: fewer-returns", "id: more-orders", "18: more-orders is a key result of objectives/grow.md already."),
        (OBJECTIVE, "AS value", "AS vaule", "13: the query returns vaule, as_of: it has to return `value` and `as_of`, one row."),
        (OBJECTIVE, "CROSS JOIN newest", "JOIN ON newest (", "17: this is no SQL"),
        (OBJECTIVE, "raw.shop__orders", "orders", "16: `orders` has no schema: write e.g. marts.orders."),
        (OBJECTIVE, "SELECT 1.0 AS value, max(day) AS as_of FROM marts.orders", "DELETE FROM marts.orders", "24: the query does more than read: write a SELECT."),
        (OBJECTIVE, "max(day) AS as_of FROM marts.orders\n---", "now() AS as_of\n---", "24: the query reads no table: what it says would never change."),
        ("decisions/one.md", "superseded_by: two\n", "", "4: `status: superseded` and `superseded_by: …` go together."),
        ("decisions/two.md", "team:data", "team:data\nstatus: rejected", "2: it is rejected: say when, `decided_on: …`."),
        ("decisions/two.md", "team:data", "team:data\nstatus: accepted\ndecided_on: 2026-07-09", "2: it is accepted: say what was chosen, `choice: …`."),
        ("roadmap/speed.md", "horizon: done", "horizon: now", "4: `horizon: done` and `shipped_on: …` go together."),
        ("minutes/2026-07-09.md", "due: 2026-08-01", "due: soon", "9: `actions.due` is 'soon': write a day as 2026-07-31."),
        ("metrics/orders.md", "unit: orders\n", "", "2: `unit` is missing: add `unit: …`."),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_line(
    tmp_path: Path, name: str, old: str, new: str, told: str
) -> None:
    (only,) = faults(write(tmp_path, (name, old, new)))
    assert only.startswith(f"{name}:{told}")


def test_all_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        (REQUIREMENT, "status: met", "status: good"),
        (REQUIREMENT, "assets:", "asets:"),
        ("metrics/orders.md", "marts.orders", "orders"),
    )
    assert [fault.split(" ")[0] for fault in faults(folder)] == [
        "metrics/orders.md:6:", f"{REQUIREMENT}:4:", f"{REQUIREMENT}:9:",
    ]  # fmt: skip


def test_a_file_that_nobody_would_read_is_told(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / "decision").mkdir()
    (folder / "decision" / "three.md").write_text("---\ntitle: Three\n---\n")
    (folder / "metrics" / "Two Words.md").write_text("")
    (folder / "README.md").write_text("How we write records.")
    (folder / "metrics" / "latin.md").write_bytes("---\ntitle: Größe\n---\n".encode("latin-1"))
    assert faults(folder) == [
        "decision/three.md:1: no record is read from here; move the file to decisions/.",
        "metrics/Two Words.md:1: name the file in a-z, 0-9 and -: it becomes the record's address.",
        "metrics/latin.md:1: byte 13 is not UTF-8: save the file as UTF-8.",
    ]


def test_the_company_has_records_of_every_kind() -> None:
    found = curated.read(PROJECT_ROOT / "platform_assets" / "defs" / "product", PROJECT_ROOT)
    assert len(found.objectives) >= 4 and len(found.key_results) >= 7
    assert all(getattr(found, folder) for folder in curated.FOLDERS.values())
    overdue = [a for m in found.minutes for a in m.actions if not a.done_on]
    assert overdue
