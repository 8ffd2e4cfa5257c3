"""Names in OpenLineage: those of others' events and ours must meet."""

from dataclasses import replace

import pytest

from platform_assets.lineage.openlineage.naming import (
    Identifier,
    Naming,
    at,
    keys_by_name,
    source_table,
)

NAMING = Naming(
    jobs="platform",
    lake="ducklake:///srv/warehouse",
    catalog="duckdb:///srv/warehouse/catalog.sqlite",
    files="/srv/warehouse/data",
    reports="/srv/reports",
    landing="/srv/landing",
)
TEAM = replace(
    NAMING,
    lake="ducklake://db.example:5432/lake",
    catalog="",
    files="s3://company/lake",
    reports="s3://company/reports",
    landing="s3://drop/in/",
)


def names(naming: Naming, key: str, table: str = "") -> list[tuple[str, str]]:
    return [(i.namespace, i.name) for i in naming.dataset_of(key, table).all()]


def test_a_table_is_named_by_its_catalog_and_linked_to_its_files_and_its_asset() -> None:
    assert names(NAMING, "marts/orders", "lake.marts.orders") == [
        ("ducklake:///srv/warehouse", "marts.orders"),
        ("file", "/srv/warehouse/data/marts/orders"),
        ("duckdb:///srv/warehouse/catalog.sqlite", "lake.marts.orders"),
        ("dagster://platform", "marts/orders"),
        ("ducklake:///srv/warehouse", "lake.marts.orders"),
        ("duckdb://:memory:", "lake.marts.orders"),
    ]
    assert names(TEAM, "marts/orders", "marts.orders")[:3] == [
        ("ducklake://db.example:5432/lake", "marts.orders"),
        ("s3://company", "lake/marts/orders"),
        ("dagster://platform", "marts/orders"),
    ]


def test_a_name_that_others_platforms_could_have_is_never_told() -> None:
    found = NAMING.dataset_of("marts/orders", "lake.marts.orders")
    assert "duckdb://:memory:" not in {i.namespace for i in (found.primary, *found.symlinks)}


def test_a_report_is_where_its_versions_are() -> None:
    assert names(NAMING, "report/weekly")[0] == ("file", "/srv/reports/weekly")
    assert names(TEAM, "report/weekly")[0] == ("s3://company", "reports/weekly")


def test_what_is_no_table_is_named_by_its_asset() -> None:
    assert names(NAMING, "maintenance/expiry") == [("dagster://platform", "maintenance/expiry")]


@pytest.mark.parametrize(
    ("glob", "name"),
    [
        ("orders/**/*.csv", "/srv/landing/orders"),
        ("a/b/date=*/x.json", "/srv/landing/a/b"),
        ("**", "/srv/landing"),
        ("one.csv", "/srv/landing/one.csv"),
    ],
)
def test_landed_files_are_named_by_what_stands_before_the_first_star(glob: str, name: str) -> None:
    assert NAMING.landed(glob) == Identifier("file", name, "LOCATION")


def test_landed_objects_are_named_by_bucket_and_prefix() -> None:
    found = TEAM.landed("orders/*.csv")
    assert (found.namespace, found.name) == ("s3://drop", "in/orders")
    assert at("s3://drop").name == "/"


@pytest.mark.parametrize(
    ("url", "table", "expected"),
    [
        (
            "postgresql+psycopg2://ana:secret@db/shop",
            "orders",
            "postgres://db:5432 shop.public.orders",
        ),
        ("postgresql://db:6000/shop", "sales.orders", "postgres://db:6000 shop.sales.orders"),
        ("mysql+pymysql://ana:secret@db/shop", "orders", "mysql://db:3306 shop.orders"),
        ("mariadb+pymysql://db/shop", "orders", "mysql://db:3306 shop.orders"),
        ("sqlite:////srv/shop.db", "orders", "sqlite:///srv/shop.db orders"),
    ],
)
def test_tables_of_source_databases_follow_the_convention(
    url: str, table: str, expected: str
) -> None:
    found = source_table(url, table)
    assert f"{found.namespace} {found.name}" == expected


def test_jobs_have_the_names_of_what_they_make() -> None:
    assert NAMING.job_of("marts/orders") == ("platform", "marts.orders")
    assert NAMING.check_of("marts/orders", "unique_id")[1] == "marts.orders.check.unique_id"


def test_a_name_leads_back_to_its_asset_unless_two_could_have_it() -> None:
    orders = NAMING.dataset_of("marts/orders", "marts.orders")
    found = keys_by_name([("marts/orders", orders)])
    assert found["file", "/srv/warehouse/data/marts/orders"] == "marts/orders"
    assert found["duckdb://:memory:", "lake.marts.orders"] == "marts/orders"
    other = NAMING.dataset_of("other", "marts.orders")
    both = keys_by_name([("marts/orders", orders), ("other", other)])
    assert ("file", "/srv/warehouse/data/marts/orders") not in both
    assert both["dagster://platform", "other"] == "other"
