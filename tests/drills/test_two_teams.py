"""Two teams' runs on one table: nothing is doubled, nothing is lost, no run fails.

Once with clocks that are right, once with one machine's clock two minutes slow and the other's two
minutes fast.
"""

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from resources.warehouse import Warehouse
from tests import lakes
from tests.drills.together import Alone, alone, drill
from tests.long import long

pytestmark = [pytest.mark.xdist_group("two teams"), pytest.mark.timeout(900)]
SKEW = timedelta(minutes=2)


@pytest.fixture
def lake(project_data: Path) -> dict[str, str]:
    """The settings of a team's new lake; this process has them too."""
    settings = lakes.new_lake("team", project_data)
    os.environ.update(settings)
    return settings


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Alone:
    """What one machine makes of the same files."""
    return alone(tmp_path_factory.mktemp("alone"))


def faketime(minutes: str) -> list[str]:
    """Return the command that runs another with its clock set by so many minutes.

    Skips the test where it is not installed, and fails it under `CI=true`. The clock that only
    counts, which waiting goes by, stays right.
    """
    found = shutil.which("faketime")
    if found is None:
        reason = "faketime is not installed: apt-get install faketime"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    return ["env", "FAKETIME_DONT_FAKE_MONOTONIC=1", found, "-f", minutes]


@long("the same as with clocks that are off")
def test_two_teams_on_one_lake_double_nothing_and_lose_nothing(
    tmp_path: Path, lake: dict[str, str], expected: Alone
) -> None:
    drill(tmp_path, lake, expected)


def test_clocks_that_are_minutes_off_change_nothing(
    tmp_path: Path, lake: dict[str, str], expected: Alone
) -> None:
    began = datetime.now(UTC)
    slow, fast = drill(tmp_path, lake, expected, [faketime("-2m"), faketime("+2m")])
    ended = datetime.now(UTC)
    assert slow.rounds()[0]["at"] < (began - SKEW / 2).timestamp()
    assert fast.rounds()[-1]["at"] > (ended + SKEW / 2).timestamp()
    with Warehouse(lake["PLATFORM_WAREHOUSE_URL"]).reading() as connection:
        loads = connection.execute(
            "SELECT load_id, loaded_at FROM platform.ledger GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        health = connection.execute(
            "SELECT max(newest_load_at) FROM marts.source_health"
        ).fetchone()
    times = [moment for _, moment in loads]
    assert times == sorted(times), "loads are in the order of their commits by the clock, too"
    assert began <= times[0] and times[-1] <= ended
    assert health == (times[-1].astimezone(UTC).replace(tzinfo=None),)
