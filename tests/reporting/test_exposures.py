"""Reports as dbt exposures."""

from collections.abc import Callable

import yaml

from platform_assets.reporting import ReportDeclaration
from platform_assets.reporting.declaration import declared
from platform_assets.reporting.exposures import FILE, sources_of, text
from resources.settings import PROJECT_ROOT

MakeReport = Callable[..., ReportDeclaration]
DBT = PROJECT_ROOT / "dbt"


def manifest() -> dict[str, object]:
    """Return what dbt's manifest says of the project's sources."""
    declared_sources = yaml.safe_load((DBT / "models" / "sources.yml").read_text())["sources"]
    nodes = [
        {"schema": source["schema"], "identifier": table["name"],
         "source_name": source["name"], "name": table["name"]}
        for source in declared_sources
        for table in source["tables"]
    ]  # fmt: skip
    return {"sources": {str(number): node for number, node in enumerate(nodes)}}


def test_a_report_is_an_exposure_of_the_models_and_sources_that_it_reads(
    make_report: MakeReport,
) -> None:
    report = make_report(
        "```sql q\nselect * from marts.days, raw.shop__orders, platform.ledger, "
        "staging.user_agents\n```\n"
    ).model_copy(update={"owner": "web@fernweh.example", "description": "Sales: all of them"})
    (found,) = yaml.safe_load(text([report], sources_of(manifest())))["exposures"]
    assert found["depends_on"] == [
        "ref('days')",
        "source('platform', 'ledger')",
        "source('raw', 'shop__orders')",
        "source('staging_python', 'user_agents')",
    ]
    assert found["owner"] == {"name": "web@fernweh.example", "email": "web@fernweh.example"}
    assert found["description"] == "Sales: all of them"
    assert (found["name"], found["url"]) == ("sales", "/files/reports/sales/latest.html")


def test_the_exposures_of_the_project_are_those_of_its_reports() -> None:
    folder = PROJECT_ROOT / "platform_assets" / "defs"
    reports = [ReportDeclaration.load(path) for path in declared(folder)]
    assert len(reports) >= 5
    assert (DBT / FILE).read_text("utf-8") == text(reports, sources_of(manifest()))
