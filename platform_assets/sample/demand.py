"""Requests and feedback of the sample company: what happened in the two quarters before a day.

What belongs here: playing the script in the order of time, with every edit in history. What does
not: the script (`demand_requests`, `demand_feedback`), keeping what comes of it (the store).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from random import Random

from platform_assets.product.kinds import Change, Comment, Feedback, Request
from platform_assets.product.store import Everything, Vote, steps
from platform_assets.product.store.writing import UNTOLD, request_row, text_of
from platform_assets.sample.demand_feedback import FEEDBACK
from platform_assets.sample.demand_requests import REQUESTS
from platform_assets.sample.demand_script import NORA, Asked, Said, Step, version

FRIDAY = 4
Happen = Callable[[datetime], None]


def records(today: date) -> Everything:
    """Return all records as they are when `today` begins: nothing of that day has happened."""
    play = _Play(today)
    for asked in REQUESTS:
        play.plan_request(asked)
    for number, said in enumerate(FEEDBACK, start=1):
        play.plan_feedback(number, said)
    return play.run()


@dataclass
class _Play:
    """The script under way: what is still to happen, and what has come of it so far."""

    today: date
    requests: dict[int, Request] = field(default_factory=dict)
    feedback: dict[int, Feedback] = field(default_factory=dict)
    comments: list[Comment] = field(default_factory=list)
    votes: list[Vote] = field(default_factory=list)
    history: list[Change] = field(default_factory=list)
    _ahead: list[tuple[datetime, Happen]] = field(default_factory=list)

    def run(self) -> Everything:
        """Let everything happen that was planned, in the order of time."""
        for at, happen in sorted(self._ahead, key=lambda event: event[0]):
            happen(at)
        return Everything(
            requests=tuple(self.requests[number] for number in sorted(self.requests)),
            feedback=tuple(self.feedback[number] for number in sorted(self.feedback)),
            comments=tuple(self.comments),
            history=tuple(self.history),
            votes=tuple(self.votes),
        )

    def plan_request(self, asked: Asked) -> None:
        """Plan that a request is asked, and all that becomes of it."""
        number, ago = asked.number, asked.ago
        self._plan(asked.split_from or number, ago, partial(self._ask, asked))
        if asked.inputs:
            taken_up = asked.steps[0].after + 1 if asked.steps else 2
            estimated = Step(taken_up, NORA, _estimate(asked.inputs))
            self._plan(number, ago - taken_up, partial(self._step, number, estimated))
        for step in asked.steps:
            self._plan(number, ago - step.after, partial(self._step, number, step))
        for place, voter in enumerate(asked.votes, start=1):
            self._plan(number, max(ago - 2 * place + 1, 1), partial(self._vote, number, voter))
        for after, who, words in asked.comments:
            self._plan(number, ago - after, partial(self._comment, number, who, words))

    def plan_feedback(self, number: int, said: Said) -> None:
        """Plan that somebody says something, and is answered."""
        self._plan(-number, said.ago, partial(self._say, number, said))
        if said.answer is not None:
            after, who, words = said.answer
            self._plan(-number, said.ago - after, partial(self._answer, number, who, words))

    def _plan(self, seed: int, ago: int, happen: Happen) -> None:
        """Plan something for a moment of a working day; the same seed and day are one moment.

        What falls on a weekend was done on Friday, later.
        """
        day = self.today - timedelta(days=ago)
        late = max(day.weekday() - FRIDAY, 0)
        morning = datetime.combine(day - timedelta(days=late), time(8), UTC)
        minutes = 180 * late + Random(f"{seed}/{ago}").randrange(170)
        self._ahead.append((morning + timedelta(minutes=minutes), happen))

    def _ask(self, asked: Asked, at: datetime) -> None:
        needed = asked.needed and at.date() + timedelta(days=asked.needed)
        request = Request(
            asked.number,
            asked.title,
            asked.who,
            created_at=at,
            updated_at=at,
            decision=asked.decision,
            needed_by=needed or None,
            waiting_costs=asked.costs,
            about=asked.about,
            split_from=asked.split_from,
        )
        self.requests[request.number] = request
        who = NORA if asked.split_from else asked.who
        self._tell(request.name, {}, request_row(request), who, at)

    def _step(self, number: int, step: Step, at: datetime) -> None:
        before = self.requests[number]
        after = replace(step.apply(before, at, self.requests), updated_at=at)
        self.requests[number] = after
        self._tell(before.name, request_row(before), request_row(after), step.who, at)

    def _vote(self, number: int, voter: str, at: datetime) -> None:
        steps.vote(self.requests[number])
        self.votes.append(Vote(number, voter, at))
        self._tell(self.requests[number].name, {}, {"vote": voter}, voter, at)

    def _comment(self, number: int, who: str, words: str, at: datetime) -> None:
        record = self.requests[number].name
        self.comments.append(Comment(len(self.comments) + 1, record, who, words, at))
        self._tell(record, {}, {"comment": words}, who, at)

    def _say(self, number: int, said: Said, at: datetime) -> None:
        feedback = Feedback(
            number,
            said.about,
            version(said.about, at),
            said.rating,
            said.words,
            said.who,
            at,
            said.stage,
            said.request,
        )
        self.feedback[number] = feedback
        self._tell(feedback.name, {}, vars(feedback), said.who, at)

    def _answer(self, number: int, who: str, words: str, at: datetime) -> None:
        before = self.feedback[number]
        after = replace(before, answer=words, answered_by=who, answered_at=at)
        self.feedback[number] = after
        self._tell(before.name, vars(before), vars(after), who, at)

    def _tell(
        self,
        record: str,
        before: Mapping[str, object],
        after: Mapping[str, object],
        who: str,
        at: datetime,
    ) -> None:
        """Add to history what differs, as the store itself does."""
        for name, value in after.items():
            old, new = text_of(before.get(name)), text_of(value)
            if name not in UNTOLD and old != new:
                number = len(self.history) + 1
                self.history.append(Change(number, record, at, who, name, old, new))


def _estimate(inputs: Mapping[str, float]) -> Callable[..., Request]:
    return lambda request, *_: steps.estimate(request, inputs)
