"""Personal data is followed along the lineage of columns, until a reason stops it."""

from dataclasses import replace

import pytest

from platform_assets.catalog.columns import Columns
from platform_assets.catalog.privacy import marked
from platform_assets.inventory.model import Asset, Column, Graph
from platform_assets.lineage.columns import trace
from platform_assets.lineage.model import Statement

SQL = """
SELECT
    md5(c.mail) AS pseudonym, c.mail AS contact, max(c.mail) AS last_mail,
    count(DISTINCT c.mail) AS people, c.id AS mail,
    count(CASE WHEN c.mail IS NULL THEN 1 END) AS unknown,
    json_extract_string(c.context, '$.ip') AS address,
    json_extract_string(c.context, '$.page') AS page
FROM raw.customers AS c WHERE c.mail <> '' GROUP BY ALL
"""
NAMES = ["pseudonym", "contact", "last_mail", "people", "mail", "unknown", "address", "page"]


def company(**exempt: str) -> Graph:
    raw = (
        Column("id", "bigint"),
        Column("mail", personal=True),
        Column("context", "json", personal=True, parts=("ip",)),
    )
    made = tuple(Column(name, exempt=exempt.get(name, "")) for name in NAMES)
    return Graph(
        {
            "raw/customers": Asset(
                "raw/customers", "source", table="raw.customers", columns=raw, layer="raw"
            ),
            "marts/people": Asset(
                "marts/people",
                "table",
                table="marts.people",
                columns=made,
                parents=("raw/customers",),
            ),
        }
    )


@pytest.fixture(scope="module")
def columns() -> Columns:
    statement = Statement("marts/people", "marts.people", SQL)
    return Columns(trace([statement], {"raw.customers": ["id", "mail", "context"]}))


def personal(graph: Graph) -> dict[str, str]:
    return {c.name: c.because for c in graph.assets["marts/people"].columns if c.personal}


def test_what_shows_single_values_is_marked_with_the_column_that_it_carries(
    columns: Columns,
) -> None:
    assert personal(marked(company(), columns)) == {
        "pseudonym": "raw/customers.mail",
        "contact": "raw/customers.mail",
        "last_mail": "raw/customers.mail",
        "address": "raw/customers.context.ip",
    }


def test_a_declared_exception_stops_it_with_its_reason(columns: Columns) -> None:
    found = marked(company(pseudonym="The key is thrown away every day."), columns)
    assert "pseudonym" not in personal(found) and "contact" in personal(found)
    one = found.assets["marts/people"].column("pseudonym")
    assert one is not None and one.exempt == "The key is thrown away every day."


def test_an_exception_stops_what_is_made_from_it_too(columns: Columns) -> None:
    graph = company(contact="Of companies only.")
    copy = Asset(
        "marts/copy",
        "table",
        table="marts.copy",
        columns=(Column("contact"),),
        parents=("marts/people",),
    )
    more = trace(
        [Statement("marts/copy", "marts.copy", "SELECT contact FROM marts.people")],
        {"marts.people": NAMES},
    )
    lineage = Columns({**columns.tables, **more})
    found = marked(Graph({**graph.assets, "marts/copy": copy}), lineage)
    assert not found.assets["marts/copy"].columns[0].personal


def test_without_lineage_it_goes_by_name() -> None:
    assert set(personal(marked(company()))) == {"mail"}
    lost = replace(Columns(), problem="dbt does not compile the project")
    assert set(personal(marked(company(), lost))) == {"mail"}
