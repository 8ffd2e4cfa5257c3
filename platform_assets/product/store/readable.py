"""What can be asked of the store without changing it: one method for each.

What belongs here: opening and closing, and questions. What does not: what writes (`records`),
queries (`reading`).
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

from platform_assets.product.kinds import Change, Comment, Feedback, Request, Snooze
from platform_assets.product.store import following, reading
from platform_assets.product.store.database import Database
from platform_assets.product.store.everything import Everything
from platform_assets.product.store.following import Submitted
from resources.settings import Settings, settings


@dataclass
class ReadableStore:
    """Records that everybody submits, in one database, to be read.

    Every method may raise `PlatformError`: the database is away.

    Attributes:
        url: of SQLite or PostgreSQL; opened when it is needed first: it may be away at the start.
    """

    url: str = field(repr=False)

    def __post_init__(self) -> None:
        self._database = Database(self.url)

    @classmethod
    def from_settings(cls, s: Settings | None = None) -> Self:
        """Return the store that the settings name."""
        return cls((s or settings()).records)

    def close(self) -> None:
        """Close the connections; the next use opens them anew."""
        self._database.close()

    def changes(self) -> int:
        """Return a number that grows with every write: cheap, for caches and sensors."""
        with self._database.reading() as connection:
            return reading.changes(connection)

    def request(self, number: int) -> Request:
        """Return a request.

        Raises:
            Missing: there is none of that number.
        """
        with self._database.reading() as connection:
            return reading.request(connection, number)

    def requests(self) -> list[Request]:
        """Return all requests, newest first."""
        with self._database.reading() as connection:
            return reading.requests(connection)[::-1]

    def feedback(self, about: str | None = None) -> list[Feedback]:
        """Return all feedback, or that on one asset, newest first."""
        with self._database.reading() as connection:
            return reading.feedback(connection, about)[::-1]

    def follow(self, before: Submitted) -> Submitted:
        """Return all requests and feedback as they are; of what was known, only news are read."""
        with self._database.reading() as connection:
            return following.caught_up(connection, before)

    def comments(self, record: str) -> list[Comment]:
        """Return what is written below a record, oldest first."""
        with self._database.reading() as connection:
            return reading.comments(connection, record)

    def history(self, record: str) -> list[Change]:
        """Return every edit of a record, oldest first; of a snooze as `snooze/<item>`.

        Votes and comments are among those of their record, as fields `vote` and `comment`.
        """
        with self._database.reading() as connection:
            return reading.history(connection, record)

    def snoozes(self, at: datetime | None = None) -> list[Snooze]:
        """Return the snoozes in force now, or at another time; the next to end comes first."""
        with self._database.reading() as connection:
            return reading.snoozes(connection, at or datetime.now(UTC))

    def everything(self) -> Everything:
        """Return all that is kept, as it was at one moment."""
        with self._database.reading() as connection:
            return reading.everything(connection)
