"""The tables of `product` in the warehouse: each column's name, type and meaning.

What belongs here: names and meaning. What does not: which value goes where (`rows`), writing
(`rows_lake`). Times are in UTC, without saying so; what is empty is NULL.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """One column; `personal` is one that names a person."""

    name: str
    type: str
    meaning: str
    personal: bool = False


@dataclass(frozen=True)
class Table:
    """One table.

    Attributes:
        description: one row per what, and what to beware of.
        submitted: it is filled from the store; else from what the team writes. Links from both.
    """

    name: str
    title: str
    description: str
    columns: tuple[Column, ...]
    submitted: bool = False


def _text(name: str, meaning: str) -> Column:
    return Column(name, "VARCHAR", meaning)


def _person(name: str, meaning: str) -> Column:
    return Column(name, "VARCHAR", meaning, personal=True)


def _count(name: str, meaning: str) -> Column:
    return Column(name, "BIGINT", meaning)


def _number(name: str, meaning: str) -> Column:
    return Column(name, "DOUBLE", meaning)


def _day(name: str, meaning: str) -> Column:
    return Column(name, "DATE", meaning)


def _time(name: str, meaning: str) -> Column:
    return Column(name, "TIMESTAMP", f"{meaning}, UTC.")


def _written(what: str) -> tuple[Column, ...]:
    """Return the columns that everything has which the team writes."""
    return (
        _text("id", f"Id of the {what}: the name of its file."),
        _text("title", "What it is, in a sentence."),
        _text("owner", "Who answers for it: e-mail or `team:<name>`."),
    )


_PLACE = (
    _text("file", "File that it is written in, below the project's folder."),
    _count("line", "Line of that file."),
)

_GONE = "; `gone: <key>` where that was removed since"

REQUESTS = Table(
    "requests",
    "Requests",
    "One row per request: what somebody needs, which decision it supports, and what became of it.\n"
    "\nAsked through the catalog's *Ask for data*. Beware: what was merged into another request or "
    "split into several keeps its row; `state` tells.",
    (
        _count("number", "Number of the request; it is called request/<number>."),
        _text("title", "What is needed, in a sentence."),
        _person("asker", "Who asked."),
        _text("state", "new, accepted, shipped, closed, declined, merged or split."),
        _time("created_at", "When it was asked"),
        _time("updated_at", "When anything of it changed last"),
        _text("decision", "Which decision it supports."),
        _day("needed_by", "Day by which it is needed; empty for none."),
        _text("waiting_costs", "What it costs to wait, in the asker's words."),
        _text("about", f"Key of the asset, or words of the search, that it came from{_GONE}."),
        _text("reason", "Why it was declined."),
        _person("assignee", "Who works on it."),
        _text("requirement", "Id of the requirement that takes it up."),
        _count("merged_into", "Number of the request that it lives on in."),
        _count("split_from", "Number of the request that it is a part of."),
        _text("answered_by", f"Key of the asset that answers it{_GONE}."),
        _text("answered_version", "Version that the asset had then."),
        _number("reach", "RICE: people it reaches in a quarter; empty where not estimated."),
        _number("impact", "RICE: 0.25 (minimal) to 3 (massive)."),
        _number("confidence", "RICE: 0 to 1."),
        _number("effort", "RICE: person-weeks."),
        _number("value", "WSJF: value to the business, 1 to 20."),
        _number("urgency", "WSJF: how much waiting takes away from that, 1 to 20."),
        _number("risk", "WSJF: risk it lowers or chance it opens, 1 to 20."),
        _number("size", "WSJF: size of the work, 1 to 20."),
        _number("override", "Score that replaces the computed one; empty for none."),
        _text("override_reason", "Why it does."),
        Column("helped", "BOOLEAN", "Whether the answer helped, says the asker; empty until then."),
        _text("helped_words", "What the asker said of the answer."),
        _time("accepted_at", "When it was accepted"),
        _time("shipped_at", "When it was answered"),
        _time("ended_at", "When it was closed, declined, merged or split"),
        _count("asked", "People who asked for it: the asker and who voted."),
        _count("comments", "Comments below it."),
    ),
    submitted=True,
)
FEEDBACK = Table(
    "feedback",
    "Feedback",
    "One row per opinion on one version of a report or table, verbatim, with its rating.\n\n"
    "Given through the catalog's *Tell us*. Beware: an opinion is on the version of then; a newer "
    "one may be better.",
    (
        _count("number", "Number of the feedback; it is called feedback/<number>."),
        _text("about", f"Key of the asset{_GONE}."),
        _text("version", "Of a report its version; of a table the time of its materialization."),
        _count("rating", "1 (bad) to 5 (good)."),
        _text("words", "What was said, verbatim."),
        _person("author", "Who said it."),
        _time("created_at", "When it was said"),
        _text("stage", "Of the product it is on: trial, live or retiring."),
        _count("request", "Number of the request that the asset answers; empty for none."),
        _text("answer", "What it was answered; empty until then."),
        _person("answered_by", "Who answered it."),
        _time("answered_at", "When it was answered"),
    ),
    submitted=True,
)
HISTORY = Table(
    "history",
    "History of requests and feedback",
    "One row per edit of one field: who changed what, when, from what to what. Nothing is ever "
    "removed.\n\nBeware: `before` and `after` hold what people wrote, also what they took back.",
    (
        _count("number", "Number of the edit; it grows with time."),
        _text("record", "Name of the record: request/12."),
        _time("at", "When it was edited"),
        _person("who", "Who edited it."),
        _text("field", "Field that changed."),
        Column("before", "VARCHAR", "What it was, as text; may name people.", personal=True),
        Column("after", "VARCHAR", "What it became, as text; may name people.", personal=True),
    ),
    submitted=True,
)
REQUIREMENTS = Table(
    "requirements",
    "Requirements",
    "One row per requirement: what has to hold, why, and the check that verifies it.",
    (
        *_written("requirement"),
        _text("status", "proposed, agreed, met or dropped."),
        _text("statement", "What has to hold."),
        _text("rationale", "Why."),
        _text("acceptance", "Criteria of acceptance, one a line."),
        _text("check_key", "Check that verifies it, `<asset key>:<name>`; empty for none."),
        *_PLACE,
    ),
)
OBJECTIVES = Table(
    "objectives",
    "Objectives",
    "One row per objective. What it is measured by is in key_results.",
    (
        *_written("objective"),
        _day("start_on", "First day of the time that there is for it."),
        _day("due_on", "Last day of it."),
        *_PLACE,
    ),
)
KEY_RESULTS = Table(
    "key_results",
    "Key results",
    "One row per key result as it is declared now. What was measured is in measurements.",
    (
        _text("id", "Id of the key result, unique among those of all objectives."),
        _text("objective", "Id of the objective that it measures."),
        _text("title", "What it is, in a sentence."),
        _text("owner", "Who answers for it: e-mail or `team:<name>`."),
        _text("unit", "What value, baseline and target count."),
        _number("baseline", "Value at the start."),
        _number("target", "Value to reach; may lie below the baseline."),
        _day("start_on", "First day of the time that there is for it."),
        _day("due_on", "Last day of it."),
        _text("definition", "SQL that measures it: one row, `value` and `as_of`."),
        *_PLACE,
    ),
)
DECISIONS = Table(
    "decisions",
    "Decisions",
    "One row per decision: what was chosen, when, and what became of it. Context, options and "
    "consequences are on its page.",
    (
        *_written("decision"),
        _text("status", "proposed, accepted, rejected, deprecated or superseded."),
        _day("decided_on", "Day of the decision; empty for proposed ones."),
        _text("choice", "What was chosen."),
        _text("superseded_by", "Id of the decision that replaces it; empty for none."),
        *_PLACE,
    ),
)
ROADMAP = Table(
    "roadmap",
    "Roadmap",
    "One row per item of the roadmap: what is built now, next or later, and what is done.",
    (
        *_written("item"),
        _text("horizon", "now, next, later or done."),
        _day("target_on", "Day by which it is to be there; empty for none."),
        _day("shipped_on", "Day on which it was there; empty until then."),
        _text("objective", "Id of the objective that it serves; empty for none."),
        *_PLACE,
    ),
)
MINUTES = Table(
    "minutes",
    "Minutes",
    "One row per meeting. What somebody is to do is in actions, what was decided in links.",
    (*_written("minutes"), _day("held_on", "Day of the meeting."), *_PLACE),
)
ACTIONS = Table(
    "actions",
    "Actions",
    "One row per action that a meeting brought, with its owner and due date.",
    (
        _text("minutes", "Id of the minutes."),
        _count("number", "Number of the action among those of its meeting, from 1."),
        _text("what", "What is to be done."),
        _person("owner", "Who does it."),
        _day("due_on", "Day by which it is to be done."),
        _day("done_on", "Day on which it was done; empty until then."),
    ),
)
METRICS = Table(
    "metrics",
    "Metrics",
    "One row per metric: what a number means, its unit, and the SQL that computes it.",
    (
        *_written("metric"),
        _text("unit", "What it counts."),
        _text("definition", "What it means, in words."),
        _text("sql", "SQL that computes it."),
        *_PLACE,
    ),
)
LINKS = Table(
    "links",
    "Links among records",
    "One row per link from one record to another, to an asset or to a check, both ends by name or "
    "key.\n\nBoth ends are there: a link that leads nowhere is no row, and fails the load.",
    (
        _text("source", "Record that leads on: request/12."),
        _text(
            "relation",
            "taken_up_by, met_by, verified_by, answered_by, about, measured_from, measures, "
            "settles, delivers, serves, minuted_in, supersedes, merged_into, split_from or "
            "defined_on.",
        ),
        _text("target", "Where it leads: name of a record, key of an asset, or check."),
    ),
)
TABLES = (
    REQUESTS,
    FEEDBACK,
    HISTORY,
    REQUIREMENTS,
    OBJECTIVES,
    KEY_RESULTS,
    DECISIONS,
    ROADMAP,
    MINUTES,
    ACTIONS,
    METRICS,
    LINKS,
)
# Those whose records name what is submitted, or are; and the links themselves.
LINKING = (REQUESTS, FEEDBACK, REQUIREMENTS, DECISIONS, ROADMAP, LINKS)
