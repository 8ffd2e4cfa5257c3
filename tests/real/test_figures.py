"""Published data in the raw tables, against what is published of it.

Figures without another source named are those of `../shared/data/MANIFEST.md`.
"""

import csv
from decimal import Decimal
from pathlib import Path

import jinja2
import pytest

from resources.settings import PROJECT_ROOT
from tests.engines import comparing
from tests.engines.gaps import asked_of
from tests.engines.kinds import OTHERS, REFERENCE
from tests.real.conftest import Walked

pytestmark = [pytest.mark.xdist_group("engines"), pytest.mark.timeout(900)]
DAILY = {  # report of analytics.usa.gov → what identifies a row of a day
    "browser": ["browser"],
    "device_model": ["mobile_device"],
    "ie": ["browser"],
    "language": ["language"],
    "os-browsers": ["browser", "os"],
    "os": ["os"],
    "screen-size": ["screen_resolution"],
    "windows-browsers": ["browser", "os_version"],
    "windows-ie": ["browser", "os_version"],
    "windows": ["os_version"],
}
CUT = {"device_model", "screen-size"}  # cut in both deliveries, and so without their oldest days


def latest(table: str, key: list[str]) -> str:
    """Return the SQL that staging reads overlapping deliveries with: the project's macro."""
    text = (PROJECT_ROOT / "dbt/macros/latest.sql").read_text()
    macros = jinja2.Environment(extensions=["jinja2.ext.do"]).from_string(text).module
    return str(macros.latest_per_key(table, key))  # type: ignore[attr-defined]


def records(file: Path) -> list[dict[str, str]]:
    """Return the records of a CSV file, read by Python's own reader."""
    with file.open(newline="", encoding="utf-8") as text:
        return list(csv.DictReader(text))


@pytest.mark.parametrize("engine", asked_of("published data has the reference's rows", OTHERS))
def test_every_engine_holds_the_same_rows(walks: dict[str, Walked], engine: str) -> None:
    here, there = walks[REFERENCE].contents(), walks[engine].contents()
    assert sum(len(table.rows) for table in here.values()) > 100_000
    found = comparing.differences(here, there)
    assert not found, "\n".join(found)


def test_every_record_of_every_file_is_loaded_or_in_quarantine(walked: Walked) -> None:
    assert "0 failed" in walked.output
    assert (
        walked.query(
            "SELECT source, file, status FROM platform.ledger "
            "WHERE rows_in_file <> rows_loaded + rows_quarantined OR status IN ('quarantined')"
        )
        == []
    )
    assert walked.query("SELECT source, file, line FROM platform.quarantine") == [
        ("access_log", "weblogs/elastic_apache_logs.log", 8899)
    ]


def test_the_apache_log_has_9999_requests_and_one_cut_line(walked: Walked) -> None:
    found = walked.one(
        "SELECT count(*), sum(bytes), count(DISTINCT remote_addr), "
        "count(DISTINCT (remote_addr, coalesce(user_agent, ''))), min(time), max(time) "
        "FROM raw.access_log"
    )
    assert found[:2] == (9999, 2_747_282_505)
    # 1,753 addresses and 1,861 pairs with a user agent, in 10,000 lines: one of them is cut.
    assert found[2:4] == (1753, 1861)
    assert [f"{time:%F %R}" for time in found[4:]] == ["2015-05-17 10:05", "2015-05-20 21:05"]


def test_the_apache_logs_requests_by_status_and_day_are_the_published_ones(
    walked: Walked,
) -> None:
    by_status = walked.query("SELECT status, count(*) FROM raw.access_log GROUP BY ALL")
    assert dict(by_status) == {
        200: 9125, 304: 445, 404: 213, 301: 164, 206: 45, 500: 3, 403: 2, 416: 2
    }  # fmt: skip
    by_day = walked.query(
        "SELECT day(time), count(*) FROM raw.access_log GROUP BY ALL ORDER BY ALL"
    )
    assert by_day == [(17, 1632), (18, 2893), (19, 2896), (20, 2578)]


def test_chinooks_invoices_and_their_lines_are_2328_60_dollars(walked: Walked) -> None:
    invoices = 'SELECT count(*), sum("Total"), min("InvoiceDate"), max("InvoiceDate") '
    count, total, first, last = walked.one(f"{invoices} FROM raw.chinook__Invoice")
    assert (count, total) == (412, Decimal("2328.60"))
    assert [f"{time:%F}" for time in (first, last)] == ["2021-01-01", "2025-12-22"]
    lines = 'SELECT sum("UnitPrice" * "Quantity") FROM raw.chinook__InvoiceLine'
    assert walked.one(lines) == (Decimal("2328.60"),)


def test_the_merchandise_store_sold_624_times_for_41529_dollars(walked: Walked) -> None:
    found = walked.one(
        "SELECT count(*), count(DISTINCT user_pseudo_id), count(DISTINCT event_date), "
        "min(event_date), max(event_date) FROM raw.ga4_events"
    )
    assert found == (24_219, 19_210, 92, "20201101", "20210131")
    sold = walked.one(
        "SELECT count(*), sum(CAST(ecommerce->>'purchase_revenue_in_usd' AS DOUBLE)) "
        "FROM raw.ga4_events WHERE event_name = 'purchase'"
    )
    assert sold == (624, 41_529)


def test_the_merchandise_stores_nested_values_are_its_json(walked: Walked) -> None:
    file = walked.published / "events_ga4_sample" / "ga4_events_sampled.snappy.parquet"
    names = ("event_params", "items", "geo", "device")
    there = ", ".join(f"CAST(to_json({name}) AS VARCHAR)" for name in names)
    found = f"SELECT {', '.join(names)} FROM raw.ga4_events"
    published = f"SELECT {there} FROM '{file}'"
    for one, other in ((found, published), (published, found)):
        assert walked.query(f"{one} EXCEPT ALL {other}") == []


def test_githubs_webhooks_have_329_payloads_of_58_types(walked: Walked) -> None:
    found = walked.one(
        "SELECT count(*), count(DISTINCT name), sum(json_array_length(examples)), max(_line) "
        "FROM raw.github_webhooks"
    )
    assert found == (58, 58, 329, 58)
    # Every payload but those of `ping` of an app comes from somebody.
    senders = walked.one(
        "SELECT count(*) FROM (SELECT unnest(from_json(examples, '[\"JSON\"]')) AS payload "
        "FROM raw.github_webhooks) WHERE payload.sender.login IS NOT NULL"
    )
    assert senders > (300,)


def test_stripes_tables_have_their_rows_and_amounts(walked: Walked) -> None:
    """The figures are those of a naive reading of the files."""
    for table, columns in {
        "charge": ("amount",),
        "balance_transaction": ("amount", "fee", "net"),
    }.items():
        lines = records(walked.published / "vendor_fivetran_stripe" / f"{table}_data.csv")
        sums = ", ".join(f"sum({column})" for column in columns)
        assert walked.one(f"SELECT count(*), {sums} FROM raw.stripe_{table}") == (
            len(lines), *(sum(int(line[column]) for line in lines) for column in columns)
        )  # fmt: skip
    assert walked.one("SELECT sum(amount - fee - net) FROM raw.stripe_balance_transaction") == (0,)


def test_snowplows_160_events_are_all_in_raw_three_of_them_twice(walked: Walked) -> None:
    found = walked.one("SELECT count(*), count(DISTINCT event_id) FROM raw.snowplow_web")
    assert found == (160, 157)


@pytest.mark.parametrize("report", DAILY)
def test_two_overlapping_deliveries_of_usa_gov_are_their_union(walked: Walked, report: str) -> None:
    """`live` was exported on 2024-01-05, `live_old` on 2023-12-27: where both are, they agree."""
    folder = walked.published / "vendor_ga4_gov"
    live, old = (
        {tuple(record.values()) for record in records(folder / name / f"{report}.csv")}
        for name in ("live", "live_old")
    )
    assert live & old
    table = "ga4_gov_" + report.replace("-", "_")
    assert walked.one(f"SELECT count(*) FROM raw.{table}") == (len(live) + len(old),)
    cut = walked.one(
        "SELECT count(*) FROM platform.ledger WHERE source = "
        f"'{table}' AND reason = 'cut by its sender at 10,000 records'"
    )
    assert cut == (2 if report in CUT else 0,)

    key = ["date", *DAILY[report]]
    found = walked.query(
        f"SELECT {', '.join([*key, 'visits'])} FROM ({latest(f'raw.{table}', key)})"
    )
    told = sorted(tuple("" if v is None else str(v) for v in row) for row in found)
    assert told == sorted(live | old)
    days = {row[0] for row in told}
    assert max(days) == "2024-01-04"
    assert min(days) == "2023-09-28" or report in CUT
