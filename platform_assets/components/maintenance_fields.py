"""What can be declared of each maintenance job: when, from which age on, from which size on.

What does not belong here: what becomes of it (`maintenance`).
"""

from datetime import timedelta

from dagster._utils.schedules import is_valid_cron_string
from pydantic import BaseModel, ByteSize, ConfigDict, TypeAdapter, ValidationError, field_validator

from platform_assets.maintenance.runs import Keep
from platform_assets.policy import Freshness, duration
from resources.errors import PlatformError
from resources.warehouse.compaction import Limits

SHORTEST = timedelta(hours=1)  # of ages: what is under way now must never be taken for old
_SIZE = TypeAdapter(ByteSize)


class Job(BaseModel):
    """What every job has.

    Attributes:
        cron: when it runs, in UTC.
        freshness: its own, where it is not that of all jobs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    cron: str
    freshness: Freshness | None = None

    @field_validator("cron")
    @classmethod
    def _a_cron_expression(cls, value: str) -> str:
        if not is_valid_cron_string(value):
            raise ValueError(f"{value!r} is no cron expression: `20 3 * * *` is 03:20 every day")
        return value

    @field_validator("older_than", "unneeded_files", check_fields=False)
    @classmethod
    def _long_enough(cls, value: str) -> str:
        try:
            age = duration(value)
        except PlatformError as error:
            raise ValueError(f"{error} {error.hint}") from error
        if age < SHORTEST:
            raise ValueError(f"{value!r} is too short for what is under way: at least 1h")
        return value


class Compact(Job):
    """When a table is compacted.

    Attributes:
        small: size below which a file is merged.
        few: small files that a table may have.
        file_size: size of a merged file.
        deleted: share of a file's rows that may be deleted before it is written anew.
        inlined: rows of a table that the lake's catalog may hold itself.
    """

    cron: str = "20 * * * *"
    small: str = "32MB"
    few: int = 8
    file_size: str = "128MB"
    deleted: float = 0.3
    inlined: int = 5_000

    @field_validator("small", "file_size")
    @classmethod
    def _a_size(cls, value: str) -> str:
        try:
            _SIZE.validate_python(value)
        except ValidationError:
            raise ValueError(f"{value!r} is no size: 32MB, 1GiB") from None
        return value

    @field_validator("deleted")
    @classmethod
    def _a_share(cls, value: float) -> float:
        if not 0 <= value < 1:
            raise ValueError(f"{value} is no share of the rows: write 0.3 for 30 %")
        return value

    def limits(self) -> Limits:
        """Return the same for the lake."""
        return Limits(
            small=int(_SIZE.validate_python(self.small)),
            few=self.few,
            file_size=int(_SIZE.validate_python(self.file_size)),
            deleted=self.deleted,
            inlined=self.inlined,
        )


class Expire(Job):
    """Which snapshots go.

    Attributes:
        older_than: age from which a snapshot goes.
        unneeded_files: for how long a file that no snapshot needs stays: for queries that read it.
    """

    cron: str = "40 3 * * *"
    older_than: str = "30d"
    unneeded_files: str = "24h"


class Orphans(Job):
    """Which files of crashed processes go.

    Attributes:
        older_than: longer than any load takes.
    """

    cron: str = "10 4 * * *"
    older_than: str = "24h"


class EventLog(Job):
    """Which runs of Dagster go.

    Attributes:
        older_than: age from which a run goes.
        runs: newest runs that may stay; more go at any age.
        events: newest materializations of an asset that stay at any age.
        results: newest results of a check that stay at any age.
    """

    cron: str = "40 4 * * *"
    older_than: str = "90d"
    runs: int = 10_000
    events: int = 60
    results: int = 30

    def keep(self) -> Keep:
        """Return the same for Dagster's storage."""
        return Keep(duration(self.older_than), self.runs, self.events, self.results)
