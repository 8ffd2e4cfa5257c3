"""What a reader may choose: declared, checked, and bound to the SQL."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import sqlalchemy

from platform_assets.reporting import ReportDeclaration, ReportError, document, queries, sql, tables
from platform_assets.reporting.queries import How

MakeReport = Callable[..., ReportDeclaration]
NOW = datetime(2026, 2, 1, tzinfo=UTC)

TEXT = """```parameters
period: {type: date_range, label: Period, from: 2026-01-05, to: span.last}
kind: {type: choice, options: kinds.kind, all: All kinds}
least: {type: number, default: 1100.5, min: 0}
word: {type: text}
```

```sql span
select max(date) as last from marts.daily_revenue
```

```sql kinds
select 'even' as kind union all select 'odd' order by kind
```

```sql days
select date, revenue, case when day(date) % 2 = 0 then 'even' else 'odd' end as kind
from marts.daily_revenue
where date between :period_from and :period_to
```

```sql q
select count(*) as n, min(date) as first, max(date) as last, ':word' as literal, :word as word
from days where :kind in ('All kinds', kind) and revenue >= :least
```

{{ q.n }} days of {{ kind }}, {{ period }}, from {{ period_from | short_date }}.
"""


def run(engine: sqlalchemy.Engine, given: Mapping[str, str], text: str = TEXT) -> queries.Answers:
    """Return the answers with these values given."""
    parsed = document.parse(text)
    return queries.run(parsed, sql.parse_all(parsed), engine, NOW, How(given=given))


def test_defaults_come_from_the_declaration_and_from_queries(engine: sqlalchemy.Engine) -> None:
    answers = run(engine, {})
    assert answers.values_chosen.bound == {
        "period_from": date(2026, 1, 5),
        "period_to": date(2026, 1, 30),
        "kind": "All kinds",
        "least": Decimal("1100.5"),
        "word": "",
    }
    assert answers["q"].rows[0][:4] == (21, date(2026, 1, 10), date(2026, 1, 30), ":word")
    assert answers.values_chosen.shown["Period"] == "5 Jan 2026 to 30 Jan 2026"
    assert [i.options for i in answers.values_chosen.inputs if i.name == "kind"] == [
        ("All kinds", "even", "odd")
    ]


def test_given_values_are_bound_and_never_part_of_the_sql(engine: sqlalchemy.Engine) -> None:
    hostile = "x'; drop table marts.fct_orders; --"
    given = {"period_to": "2026-01-12", "kind": "odd", "least": "0", "word": hostile}
    answers = run(engine, given)
    assert answers["q"].rows == ((4, date(2026, 1, 5), date(2026, 1, 11), ":word", hostile),)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"period_from": "soon"}, "Period: 'soon' is no day.\nWrite it as 2026-12-31."),
        ({"period_from": "2026-02-01"}, "Period: 2026-02-01 is after 2026-01-30."),
        ({"kind": "evn"}, "Kind: there is no `evn`.\nDid you mean `even`?"),
        ({"least": "many"}, "Least: 'many' is no number."),
        ({"least": "nan"}, "Least: 'nan' is no number."),
        ({"least": "-1"}, "Least: at least 0."),
        ({"word": "x" * 201}, "Word: at most 200 letters."),
        ({"kin": "even"}, "there is no filter `kin`.\nDid you mean `kind`?"),
    ],
)
def test_a_value_that_can_not_be_is_refused_in_words(
    engine: sqlalchemy.Engine, given: Mapping[str, str], message: str
) -> None:
    with pytest.raises(ReportError, match=re.escape(message)):
        run(engine, given)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (":least", ":leas", "line 24: query `q`: there is no parameter `:leas`.\nDid you mean `le"),
        (
            "{{ kind }}",
            "{{ kindd }}",
            "line 27: there is no parameter `kindd`.\nDid you mean `kind`",
        ),
        ("{{ kind }}", "{{ q }}", "there is no parameter `q`.\nWrite {{ q.column }}."),
        ("span.last}", "spam.last}", "there is no query `spam`.\nDid you mean `span`?"),
        ("type: text", "type: word", "line 5: parameter `word` needs a type."),
        ("type: text", "type: text, deflt: x", "line 5: a parameter of type text has no setting"),
        (", default: 1100.5", "", "line 4: this parameter of type number needs `default`."),
        (
            "select max(date) as last from marts.daily_revenue",
            "select max(date) as last from days",
            "query `days` gives a parameter its values, so it can't be filtered by one.",
        ),
    ],
)
def test_a_mistake_in_a_parameter_is_told_with_its_line(
    make_report: MakeReport, old: str, new: str, message: str
) -> None:
    assert old in TEXT
    with pytest.raises(ReportError, match=re.escape(message)):
        tables(make_report(TEXT.replace(old, new)))


def test_a_colon_in_a_cast_a_slice_or_a_struct_is_no_parameter(engine: sqlalchemy.Engine) -> None:
    text = (
        "```parameters\nn: {type: number, default: 2}\n```\n```sql q\n"
        "select '7'::integer + :n as a, [1,2,3][1:2] as b, {'n': 5}.n as c, 'x:n' as d, 1 as n"
        " -- :n\n```\n"
    )
    assert run(engine, {}, text)["q"].rows == ((9, [1, 2], 5, "x:n", 1),)
    given = run(engine, {"n": "3.5"}, text)["q"]
    assert given.first("a") == Decimal("10.5")
