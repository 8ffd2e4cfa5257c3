"""How bad each kind of trouble is: its weight, by which what it concerns is multiplied.

What belongs here: the weights, beside each other, so that they can be compared. What does not: what
is trouble (`assets`, `records`, `documents`), what it matters to (`importance`).

    6 and more   nobody can rely on it now: it failed, it is late, an aim is missed
    2 to 5       somebody waits, or the next who looks is misled
    1 and less   a warning, a blemish: it holds, and it can wait

The most important table of all may matter six times as much as one that a single objective rests
on. So what only warns weighs a sixth of what is late: an objective that can't be measured comes
before a record in quarantine.
"""

# Of how an asset runs.
FAILED_RUN = 8.0
FAILING_CHECK, MORE_FAILING = 7.0, 2.0  # the second at most, for more of them on one asset
LATE, LATER = 6.0, 3.0  # the second at most, for each time that its age goes beyond the allowed one
NEVER_MADE = 4.0
HALVED, HARDLY_ANY, DOUBLED = 5.0, 2.0, 1.0  # rows: the second is added for a tenth of the usual
WARNS = 1.0
GETTING_OLD = 1.0
# Of how an asset is looked after.
UNOWNED = 2.0
NO_DESCRIPTION = 1.0  # columns without one add their share
UNUSED = 1.0
OUTDATED, LONG_OUTDATED = 0.5, 0.5  # a document; the second at most, after half a year
# Of records. What is added for waiting, at most.
OFF_TRACK, AT_RISK, NOT_MEASURED = 6.0, 4.0, 3.0
RATED_WORST, LESS_BAD, UNANSWERED = 5.0, 1.0, 1.0  # the second is taken off for each star more
REQUEST, WAITING, SOON = 3.0, 4.0, 2.0  # not answered, or nobody assigned; needed soon
OVERDUE, LONG_OVERDUE = 2.0, 3.0
