"""What can be asked of the store, and done with it: one method for each.

What belongs here: transactions. What does not: which steps are allowed (`steps`), what input may
look like (`bounds`), rows (`reading`, `writing`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from platform_assets.product.kinds import Change, Comment, Feedback, Request, Snooze
from platform_assets.product.store.everything import Everything
from resources.settings import Settings, settings


@dataclass
class RecordStore:
    """Records that everybody submits, in one database; safe to share between threads.

    Every method may raise `PlatformError`: the database is away. Those that write raise `Refused`
    where what is asked for is not allowed, and `Missing` where there is no such record; then
    nothing was written. What they return is safe on disk.

    Attributes:
        url: of SQLite or PostgreSQL; opened when it is needed first: it may be away at the start.
    """

    url: str = field(repr=False)

    @classmethod
    def from_settings(cls, s: Settings | None = None) -> "RecordStore":
        """Return the store that the settings name."""
        return cls((s or settings()).records)

    def close(self) -> None:
        """Close the connections; the next use opens them anew."""
        raise NotImplementedError

    def changes(self) -> int:
        """Return a number that grows with every write: cheap, for caches and sensors."""
        raise NotImplementedError

    def submit_request(
        self,
        who: str,
        *,
        title: str,
        decision: str = "",
        needed_by: date | None = None,
        waiting_costs: str = "",
        about: str = "",
    ) -> Request:
        """Keep what somebody needs; the same from the same person within 10 minutes is kept once."""
        raise NotImplementedError

    def submit_feedback(
        self,
        who: str,
        *,
        about: str,
        version: str,
        rating: int,
        words: str,
        stage: str = "live",
        request: int | None = None,
    ) -> Feedback:
        """Keep what somebody said of an asset; repeated within 10 minutes it is kept once."""
        raise NotImplementedError

    def request(self, number: int) -> Request:
        """Return a request.

        Raises:
            Missing: there is none of that number.
        """
        raise NotImplementedError

    def requests(self) -> list[Request]:
        """Return all requests, newest first."""
        raise NotImplementedError

    def feedback(self, about: str | None = None) -> list[Feedback]:
        """Return all feedback, or that on one asset, newest first."""
        raise NotImplementedError

    def edit(self, number: int, who: str, **fields: str | date | None) -> Request:
        """Change the asker's words: title, decision, needed_by, waiting_costs, about."""
        raise NotImplementedError

    def accept(
        self, number: int, who: str, *, assignee: str = "", requirement: str = ""
    ) -> Request:
        """Take a new request up; of one taken up before, change what is given."""
        raise NotImplementedError

    def decline(self, number: int, who: str, reason: str) -> Request:
        """Say no to a new or accepted request, and why."""
        raise NotImplementedError

    def merge(self, number: int, who: str, into: int) -> Request:
        """Let a request live on in another, which then is asked for by both; return the merged."""
        raise NotImplementedError

    def split(self, number: int, who: str, titles: Sequence[str]) -> list[Request]:
        """Replace a request by parts, each asked for by the same people; return the parts."""
        raise NotImplementedError

    def assign(self, number: int, who: str, assignee: str) -> Request:
        """Say who takes care of a new or accepted request; "" for nobody."""
        raise NotImplementedError

    def reopen(self, number: int, who: str) -> Request:
        """Undo an end: declined and merged become new; shipped and closed become accepted."""
        raise NotImplementedError

    def ship(self, number: int, who: str, answered_by: str, version: str = "") -> Request:
        """Say which asset answers a request, so that its asker is told."""
        raise NotImplementedError

    def say_helped(self, number: int, who: str, helped: bool, words: str = "") -> Request:
        """Say whether the answer to a shipped request helped: it is closed, or accepted again."""
        raise NotImplementedError

    def estimate(self, number: int, who: str, **inputs: float | None) -> Request:
        """Set some of `kinds.INPUTS`; None takes an estimate back."""
        raise NotImplementedError

    def override(self, number: int, who: str, score: float | None, reason: str = "") -> Request:
        """Replace the computed score, with a reason; None returns to the computed one."""
        raise NotImplementedError

    def vote(self, number: int, who: str) -> Request:
        """Say that one needs it too; once a person."""
        raise NotImplementedError

    def unvote(self, number: int, who: str) -> Request:
        """Take a vote back."""
        raise NotImplementedError

    def comment(self, record: str, who: str, words: str) -> Comment:
        """Write below a record, named as `request/12`."""
        raise NotImplementedError

    def comments(self, record: str) -> list[Comment]:
        """Return what is written below a record, oldest first."""
        raise NotImplementedError

    def answer(self, feedback_number: int, who: str, words: str) -> Feedback:
        """Answer feedback, or change the answer."""
        raise NotImplementedError

    def history(self, record: str) -> list[Change]:
        """Return every edit of a record, oldest first; of a snooze as `snooze/<item>`."""
        raise NotImplementedError

    def everything(self) -> Everything:
        """Return all that is kept, as it was at one moment."""
        raise NotImplementedError

    def snooze(self, item: str, who: str, reason: str, until: datetime) -> Snooze:
        """Let something wait that needs attention; replaces an earlier snooze of it."""
        raise NotImplementedError

    def wake(self, item: str, who: str) -> None:
        """End a snooze now; nothing happens where there is none."""
        raise NotImplementedError

    def snoozes(self, at: datetime | None = None) -> list[Snooze]:
        """Return the snoozes in force now, or at another time."""
        raise NotImplementedError

    def seed(self, everything: Everything) -> int:
        """Put all records as they are given, if the store is empty; return how many there were.

        Who voted is in `votes`: `voters` and `comments` of requests are not looked at. History is
        kept as given.
        """
        raise NotImplementedError
