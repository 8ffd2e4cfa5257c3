"""What can be asked of the store, and done with it: one method for each.

What belongs here: transactions, and which rule is asked before which row is written. What does not:
the rules (`steps`, `bounds`), rows (`reading`, `writing`), questions (`readable`).

Who somebody is, is taken on trust: whoever calls knows it, or does not. So nobody is refused for
who they are; history says who did what.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from platform_assets.product.kinds import Comment, Feedback, Request, Snooze, name_of
from platform_assets.product.store import bounds, reading, relinking, steps
from platform_assets.product.store import tables as t
from platform_assets.product.store.everything import Everything
from platform_assets.product.store.readable import ReadableStore
from platform_assets.product.store.writing import Writing


class RecordStore(ReadableStore):
    """Records that everybody submits, in one database; safe to share between threads.

    What writes raises `Refused` where what is asked for is not allowed, and `Missing` where there
    is no such record; then nothing was written. What it returns is safe on disk.
    """

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
        """Keep what somebody needs; sent again by the same person within 10 minutes, keep it once.

        Raises:
            Refused: this person has sent 30 entries within 10 minutes.
        """
        asked = bounds.asked(
            title=title,
            decision=decision,
            needed_by=needed_by,
            waiting_costs=waiting_costs,
            about=about,
        )
        with self._writing(who) as w:
            number = w.just_sent(t.requests, "asker", **asked)
            if number is None:
                w.may_submit()
                number = w.next_number(t.requests)
                w.add_request(
                    Request(number, **asked, asker=w.who, created_at=w.at, updated_at=w.at)
                )
            return reading.request(w.connection, number)

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
        """Keep what somebody said of an asset; sent again within 10 minutes, keep it once.

        Args:
            version: "" of what has none yet.
            words: "" where the rating says it all.

        Raises:
            Refused: this person has sent 30 entries within 10 minutes.
            Missing: there is no such request.
        """
        said: dict[str, Any] = {
            "about": bounds.line(about, "what it is about", bounds.NAME, needed=True),
            "version": bounds.line(version, "the version", bounds.NAME),
            "rating": bounds.rating(rating),
            "words": bounds.words(words, "what you say"),
            "stage": bounds.stage(stage),
            "request": request,
        }
        with self._writing(who) as w:
            if request is not None:
                reading.request(w.connection, request)
            number = w.just_sent(t.feedback, "author", **said)
            if number is None:
                w.may_submit()
                number = w.next_number(t.feedback)
                w.add_feedback(Feedback(number, **said, author=w.who, created_at=w.at))
            return reading.feedback_of(w.connection, number)

    def edit(self, number: int, who: str, **fields: str | date | None) -> Request:
        """Change the asker's words: title, decision, needed_by, waiting_costs, about."""
        asked = bounds.asked(**fields)
        with self._writing(who) as w:
            w.may_submit()
            return self._change(w, number, lambda request: steps.edit(request, asked))

    def accept(
        self, number: int, who: str, *, assignee: str = "", requirement: str = ""
    ) -> Request:
        """Take a new request up; of one taken up before, change what is given."""
        by = bounds.person(assignee, "the assignee", needed=False)
        meets = bounds.line(requirement, "the requirement", bounds.NAME)
        with self._writing(who) as w:
            return self._change(w, number, lambda r: steps.accept(r, w.at, by, meets))

    def decline(self, number: int, who: str, reason: str) -> Request:
        """Say no to a new or accepted request, and why."""
        why = bounds.words(reason, "the reason", needed=True)
        with self._writing(who) as w:
            return self._change(w, number, lambda r: steps.decline(r, w.at, why))

    def merge(self, number: int, who: str, into: int) -> Request:
        """Let a request live on in another, which is then asked for by both; return the merged."""
        with self._writing(who) as w:
            heir = reading.request(w.connection, into)
            return self._change(w, number, lambda r: steps.merge(r, w.at, heir))

    def split(self, number: int, who: str, titles: Sequence[str]) -> list[Request]:
        """Replace a request by 2 to 20 parts, asked for by the same people; return the parts."""
        named = bounds.parts(titles)
        with self._writing(who) as w:
            whole = reading.request(w.connection, number)
            first = w.next_number(t.requests)
            after, parts = steps.split(whole, w.at, dict(enumerate(named, first)))
            w.change_request(whole, after)
            for part in parts:
                w.add_request(part)
                for voter in whole.voters:
                    w.vote(part.number, voter)
            return [reading.request(w.connection, part.number) for part in parts]

    def assign(self, number: int, who: str, assignee: str) -> Request:
        """Say who takes care of a new or accepted request; "" for nobody."""
        by = bounds.person(assignee, "the assignee", needed=False)
        with self._writing(who) as w:
            return self._change(w, number, lambda r: steps.assign(r, by))

    def reopen(self, number: int, who: str) -> Request:
        """Undo an end: declined and merged become new; shipped and closed become accepted."""
        with self._writing(who) as w:
            return self._change(w, number, steps.reopen)

    def undo(self, number: int, who: str) -> Request:
        """Take the step back that declined, merged or shipped it: it is what it was before."""
        with self._writing(who) as w:
            told = reading.history(w.connection, name_of("request", number))
            return self._change(w, number, lambda r: steps.undo(r, told))

    def ship(self, number: int, who: str, answered_by: str, version: str = "") -> Request:
        """Say which asset answers a request, so that its asker is told."""
        asset = bounds.line(answered_by, "the asset that answers it", bounds.NAME, needed=True)
        of = bounds.line(version, "the version", bounds.NAME)
        with self._writing(who) as w:
            return self._change(w, number, lambda r: steps.ship(r, w.at, asset, of))

    def say_helped(self, number: int, who: str, helped: bool, words: str = "") -> Request:
        """Say whether the answer to a shipped request helped: it is closed, or accepted again.

        Where it did not help it is answered by nothing any more, until it ships anew.
        """
        said = bounds.words(words, "what you say")
        with self._writing(who) as w:
            return self._change(w, number, lambda r: steps.say_helped(r, w.at, helped, said))

    def estimate(self, number: int, who: str, **inputs: float | None) -> Request:
        """Set some of `kinds.INPUTS`; None takes an estimate back."""
        given = bounds.inputs(inputs)
        with self._writing(who) as w:
            return self._change(w, number, lambda r: steps.estimate(r, given))

    def override(self, number: int, who: str, score: float | None, reason: str = "") -> Request:
        """Replace the computed score, with a reason; None returns to the computed one."""
        value = bounds.score(score)
        why = bounds.words(reason, "the reason", needed=value is not None)
        with self._writing(who) as w:
            return self._change(w, number, lambda r: steps.override(r, value, why))

    def vote(self, number: int, who: str) -> Request:
        """Say that one needs it too; of who asked for it or voted before, it changes nothing."""
        with self._writing(who) as w:
            request = reading.request(w.connection, number)
            steps.vote(request)
            if w.who not in (request.asker, *request.voters):
                w.vote(number, w.who)
            return reading.request(w.connection, number)

    def unvote(self, number: int, who: str) -> Request:
        """Take a vote back, also one for what was merged into this request."""
        with self._writing(who) as w:
            reading.request(w.connection, number)
            w.unvote(number)
            return reading.request(w.connection, number)

    def comment(self, record: str, who: str, words: str) -> Comment:
        """Write below a record, named as `request/12`; sent again within 10 minutes, keep it once.

        Raises:
            Missing: there is no such record; of curated ones only the kind is looked at.
            Refused: this person has sent 30 entries within 10 minutes.
        """
        text = bounds.words(words, "the comment", needed=True)
        with self._writing(who) as w:
            reading.must_exist(w.connection, record)
            number = w.just_sent(t.comments, "author", record=record, words=text)
            if number is None:
                w.may_submit()
                number = w.next_number(t.comments)
                w.add_comment(Comment(number, record, w.who, text, w.at))
            return reading.comment(w.connection, number)

    def answer(self, feedback_number: int, who: str, words: str) -> Feedback:
        """Answer feedback, or change the answer."""
        text = bounds.words(words, "the answer", needed=True)
        with self._writing(who) as w:
            before = reading.feedback_of(w.connection, feedback_number)
            after = replace(before, answer=text, answered_by=w.who, answered_at=w.at)
            w.change_feedback(before, after)
            return after

    def relink(self, missing: str, who: str, to: str = "", version: str = "") -> int:
        """Lead all that names what is not there elsewhere, or, without that, let it rest.

        Args:
            missing: key of an asset, `gone: <key>` of one whose links rest, or name of a record.
            to: what is there instead; of a version: another version.
            version: which is missing of the asset; then only feedback on it changes.

        Returns:
            How many records changed.

        Raises:
            Refused: none names it.
        """
        end = bounds.line(to, "what to name instead", bounds.NAME)
        with self._writing(who) as w:
            requests, feedback = reading.requests(w.connection), reading.feedback(w.connection)
            asked, said = relinking.changed(requests, feedback, missing, end, version)
            for request in asked:
                w.change_request(*request)
            for one in said:
                w.change_feedback(*one)
            return len(asked) + len(said)

    def snooze(self, item: str, who: str, reason: str, until: datetime) -> Snooze:
        """Let something wait that needs attention; replaces an earlier snooze of it.

        Raises:
            Refused: there is no reason, or its end is past.
        """
        what = bounds.line(item, "what is to wait", bounds.NAME, needed=True)
        why = bounds.words(reason, "the reason", needed=True)
        with self._writing(who) as w:
            end = bounds.later(until, w.at, "the end")
            snooze = Snooze(what, why, end, w.who, w.at)
            w.snooze(snooze)
            return snooze

    def wake(self, item: str, who: str) -> None:
        """End a snooze now; nothing happens where there is none."""
        with self._writing(who) as w:
            w.wake(item)

    def seed(self, everything: Everything) -> int:
        """Put all records as they are given, if the store is empty; return how many there were.

        Who voted is in `votes`: `voters` and `comments` of requests are not looked at. History is
        kept as given. What `everything` of another store returned makes this one its equal.
        """
        with self._writing("seed") as w:
            return w.put(everything)

    @contextmanager
    def _writing(self, who: str) -> Iterator[Writing]:
        name = bounds.person(who)
        with self._database.writing() as connection:
            w = Writing(connection, name)
            yield w
            if w.changed:
                connection.execute(t.state.update().values(changes=t.state.c.changes + 1))

    @staticmethod
    def _change(w: Writing, number: int, step: Callable[[Request], Request]) -> Request:
        before = reading.request(w.connection, number)
        w.change_request(before, step(before))
        return reading.request(w.connection, number)
