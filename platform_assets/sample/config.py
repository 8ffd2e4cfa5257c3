"""What the sample company is asked to be: how long, how busy, which seed, until when.

What belongs here: the arguments of the generator and their validation. What does not: anything
random, and where the files go.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta


class SampleError(Exception):
    """The sample cannot be made as asked; the message says why and what to do."""


def today() -> date:
    """Return the current day in UTC."""
    return datetime.now(UTC).date()


@dataclass(frozen=True, slots=True)
class SampleConfig:
    """Arguments of the generator; the same arguments give the same bytes.

    `end` is the first day without data: everything up to the midnight (UTC) before it has
    happened, so nothing lies in the future when it is today.
    """

    days: int = 60
    events_per_day: int = 2000  # web and app together, bots included, on a typical (30th) day
    seed: int = 42
    end: date = field(default_factory=today)

    def __post_init__(self) -> None:
        """Raise SampleError for a number that makes no company."""
        if self.days < 1:
            raise SampleError(f"--days must be at least 1, not {self.days}.")
        if self.events_per_day < 50:
            raise SampleError(f"--events-per-day must be at least 50, not {self.events_per_day}.")

    @property
    def start(self) -> date:
        """First day with data."""
        return self.end - timedelta(days=self.days)

    def key(self) -> dict[str, str | int]:
        """Return what decides the bytes of a day's files: equal keys can share a folder."""
        return {
            "seed": self.seed,
            "events_per_day": self.events_per_day,
            "start": self.start.isoformat(),
        }
