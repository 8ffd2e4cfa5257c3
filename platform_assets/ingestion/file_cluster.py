"""Landed files read by the executors of a Spark cluster: the same code, in many places at once.

What belongs here: which files a task reads, and making one plan of what many tasks tell. What does
not: the task itself (`file_tasks`), the ledger and the lake (`files`, `resources.warehouse`).

Each task stages the rows of its files below the lake's data path, as a load on one machine does,
and tells what it met. What counts is what the driver publishes: a task that Spark starts again, on
another executor, stages the same files once more, and only one of its results comes back.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from platform_assets.ingestion.file_ledger import Known
from platform_assets.ingestion.file_plan import Plan
from platform_assets.ingestion.file_replay import agrees
from platform_assets.ingestion.file_tasks import TAKEN, Align, Order, Read, Taken, Work
from resources.errors import PlatformError
from resources.landing import LandedFile, Landing
from resources.spark import publish
from resources.spark.session import open_session, short
from resources.warehouse import Warehouse
from resources.warehouse.file_load import FileLoad
from resources.warehouse.file_stage import Stage

TASK_BYTES = 32 << 20  # of small files that one task reads
TASK_FILES = 2_000
WAVE_BYTES = 32 << 30  # of the files of one transaction


def tasks(files: Iterable[LandedFile]) -> list[list[LandedFile]]:
    """Return the files of each task: a large one alone, small ones together.

    Files of one size may have one content, which one task sees and many do not: they stay together.
    """
    sizes: dict[int, list[LandedFile]] = {}
    for file in files:
        sizes.setdefault(file.size, []).append(file)
    found: list[list[LandedFile]] = []
    room = 0
    for group in sorted(sizes.values(), key=min):
        size = sum(file.size for file in group)
        if not found or size > room or len(found[-1]) + len(group) > TASK_FILES:
            found.append([])
            room = TASK_BYTES
        found[-1].extend(group)
        room -= size
    return [sorted(task) for task in found]


def waves(files: Sequence[LandedFile]) -> Iterator[list[LandedFile]]:
    """Yield the files of each transaction, in their order."""
    wave: list[LandedFile] = []
    size = 0
    for file in files:
        if wave and size + file.size > WAVE_BYTES:
            yield wave
            wave, size = [], 0
        wave.append(file)
        size += file.size
    if wave:
        yield wave


@contextmanager
def reading(
    warehouse: Warehouse, landing: Landing, files: Sequence[LandedFile], plan: Plan, known: Known
) -> Iterator[tuple[list[FileLoad], Plan, Stage]]:
    """Have the executors stage files; yield what became of them, the columns, and the stage.

    Who calls it holds the lock of the source's files, so that what an earlier load of it has left
    staged is nobody's.

    Raises:
        PlatformError: the cluster can't be reached, or fails.
    """
    folder = f"staging/{_plain(plan.declaration.name)}"
    everything = f"{warehouse.data_path}/{folder}"
    publish.remove(warehouse, [everything])
    order = Order(landing.url, warehouse.data_path, folder, plan, _possible(known, files))
    spark = open_session()
    try:
        yield _gather(spark, order, tasks(files), warehouse)
    finally:
        spark.stop()
        publish.remove(warehouse, [everything])


def _plain(name: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in name)


def _possible(known: Known, files: Sequence[LandedFile]) -> Known:
    """Return what the ledger knows of contents of these files' sizes: no other can be met again."""
    sizes = {file.size for file in files} & known.sizes
    paths = {row[0] for row in known.files if row[1] in sizes}
    contents = {key: path for key, path in known.contents.items() if path in paths}
    return Known(contents=contents, sizes=sizes)


def _gather(
    spark: Any, order: Order, todo: list[list[LandedFile]], warehouse: Warehouse
) -> tuple[list[FileLoad], Plan, Stage]:
    """Run all tasks, and make one plan of theirs: as if one had read all files, in their order.

    A task that would have made something else of its columns, had it known what those before it
    brought, is run again with that knowledge. What was staged before a column came, or became
    wider, is written anew.
    """
    done = _run(spark, [Read(order, files) for files in todo])
    plan = order.plan.copy()
    for number, taken in enumerate(done):
        trial = plan.copy()
        if not agrees(trial, taken.meetings):
            trial = plan.copy()
            [done[number]] = _run(spark, [Read(replace(order, plan=plan), todo[number])])
            agrees(trial, done[number].meetings)
        plan = trial
    late = [n for n, taken in enumerate(done) if taken.rows and taken.types != plan.types]
    if late:
        aligned = _run(spark, [Align(order, done[n], plan.types) for n in late])
        for number, taken in zip(late, aligned, strict=True):
            done[number] = taken
    stage = Stage(Path(order.root))
    for taken in done:
        stage.rows.extend(taken.rows)
        stage.bad.extend(taken.bad)
    places = {file.name: n for n, file in enumerate(sorted(f for task in todo for f in task))}
    loads = sorted((x for t in done for x in t.loads), key=lambda load: places[load.path])
    return loads, plan, stage


def _run(spark: Any, todo: Sequence[Callable[[], Taken]]) -> list[Taken]:
    """Run tasks on the executors, each as a task of Spark's; return their results in order.

    Raises:
        PlatformError: Spark gave up, in its words.
    """
    from pyspark.errors import PySparkException

    numbers = spark.range(0, len(todo), 1, len(todo))
    try:
        found = numbers.mapInArrow(Work(todo), "task bigint, taken string").toArrow()
    except PySparkException as error:
        raise _explained(error) from error
    results = sorted(found.to_pylist(), key=lambda row: row["task"])
    return [TAKEN.validate_json(row["taken"]) for row in results]


def _explained(error: Exception) -> PlatformError:
    told = short(error)
    hint = "Nothing of it was loaded; the next run tries again. The executors' logs say more."
    if "No module named" in told or "PYTHON_VERSION_MISMATCH" in told:
        hint = (
            "The executors' Python (spark.pyspark.python) must be of this machine's version, with "
            "platform-assets installed."
        )
    return PlatformError(f"The cluster could not read landed files: {told}", hint=hint)
