"""Terms: read strictly, linked to columns that exist, found by a search."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from platform_assets.catalog import glossary
from resources.errors import PlatformError
from resources.settings import PROJECT_ROOT
from tests.catalog.world import company

TERM = "---\nterm: Order revenue\nsynonyms: [revenue]\ncolumns:\n  - {}\n---\nWhat it is.\n"


def write(folder: Path, text: str, name: str = "order-revenue.md") -> Path:
    (folder / name).write_text(text)
    return folder


def test_a_term_is_read_with_the_line_of_each_column(tmp_path: Path) -> None:
    write(tmp_path, TERM.format("marts.fct_orders.revenue"))
    (term,) = glossary.read(tmp_path, tmp_path).terms
    assert (term.slug, term.name, term.text) == ("order-revenue", "Order revenue", "What it is.")
    assert term.columns == {"marts.fct_orders.revenue": 5}
    assert glossary.broken(glossary.Glossary((term,)), company()) == []


def test_a_link_to_no_column_is_named_with_file_line_and_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, TERM.format("marts.fct_orders.revenu"))
    found = glossary.broken(glossary.read(tmp_path, tmp_path), company())
    assert found == [
        "order-revenue.md:5: there is no column marts.fct_orders.revenu. "
        "Did you mean marts.fct_orders.revenue?"
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no front matter", "order-revenue.md:1: begin with ---"),
        ("---\nowner: x\n---\ntext", "`term: …` is missing"),
        ("---\nterm: x\nsynonym: y\n---\ntext", "synonym is no field"),
        ("---\nterm: x\nsynonyms: y\n---\ntext", "synonyms is a list"),
        ("---\nterm: x\ncolumns: [a\n---\ntext", "order-revenue.md:"),
        ("---\nterm: x\n---\n", "it says nothing"),
    ],
)
def test_a_file_that_is_no_term_is_said_so(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(PlatformError) as caught:
        glossary.read(write(tmp_path, text), tmp_path)
    assert said in str(caught.value)


def test_two_files_of_one_term_are_refused(tmp_path: Path) -> None:
    write(tmp_path, TERM.format("a.b.c"))
    with pytest.raises(PlatformError, match="is a term of"):
        glossary.read(write(tmp_path, TERM.format("a.b.c"), "other.md"), tmp_path)


def test_the_terms_of_the_project_are_terms() -> None:
    found = glossary.read(glossary.folder(), PROJECT_ROOT)
    assert len(found.terms) >= 12
    words = [word.lower() for term in found.terms for word in term.words]
    assert len(words) == len(set(words))
    assert all(term.columns and term.owner for term in found.terms)


def test_a_search_shows_the_term_and_the_term_its_columns(client: TestClient) -> None:
    told = client.get("/catalog/search.json?q=revenue").json()
    assert [t["name"] for t in told["terms"]] == ["Order revenue"]
    term = client.get("/catalog/glossary/order-revenue.json").json()
    assert [c["url"] for c in term["columns"]] == ["/catalog/column/marts/fct_orders/revenue"]
    assert [a["key"] for a in term["mentioned"]] == ["marts/fct_orders", "report/revenue"]
    column = client.get("/catalog/column/marts/fct_orders/revenue.json").json()["column"]
    assert column["terms"] == [{"name": "Order revenue", "url": "/catalog/glossary/order-revenue"}]
