"""A small source for drills: files of a hundred orders each, and what the lake holds of them."""

from pathlib import Path

from platform_assets.ingestion.declaration import FileDeclaration
from resources.landing import Landing
from resources.warehouse import Warehouse

ORDERS = FileDeclaration(name="orders", glob="*.csv", format={"type": "csv"}, columns=())
LINES = 100  # of each file


def landing_of(folder: Path, files: int) -> Landing:
    """Return a new landing zone with so many files."""
    (folder / "landing").mkdir()
    for number in range(files):
        land(folder, number)
    return Landing(str(folder / "landing"))


def land(folder: Path, number: int) -> None:
    """Let another file land."""
    rows = "\n".join(f"{number},{line}" for line in range(LINES))
    (folder / "part").write_text(f"file,line\n{rows}\n")
    (folder / "part").rename(folder / "landing" / f"{number:03}.csv")


def rows_of(warehouse: Warehouse) -> int:
    """Return how many orders are loaded: each once, and as the ledger says."""
    with warehouse.reading() as connection:
        loaded, distinct = connection.execute(
            "SELECT count(*), count(DISTINCT (file, line)) FROM raw.orders"
        ).fetchone() or (0, 0)
        ledger = connection.execute("SELECT sum(rows_loaded) FROM platform.ledger").fetchone()
    assert loaded == distinct
    assert ledger == (loaded,)
    return int(loaded)
