"""Support tickets: the latest version of each, with its customer and order."""

from decimal import Decimal
from pathlib import Path

from dbt.contracts.graph.manifest import Manifest

from tests.dbt.company_lake import company_lake


def test_a_ticket_is_as_it_changed_last_and_knows_its_customer(
    tmp_path: Path, manifest: Manifest
) -> None:
    with company_lake(tmp_path, manifest, "support_tickets", "shop__customers") as lake:
        ticket = {
            "ticket_id": "T-1",
            "created_at": "2026-01-01T08:00:00Z",
            "updated_at": "2026-01-01T08:00:00Z",
            "customer_email": "Anna@Example.org",
            "status": "open",
            "subject": "Where is my order FW-100042?",
            "body": 'Hello,\n\n"it" is late',
        }
        solved = {**ticket, "status": "solved", "updated_at": "2026-01-02T20:00:00Z"}
        stranger = {**ticket, "ticket_id": "T-2", "customer_email": None, "subject": "Which size?"}
        lake.land("support_tickets", [solved, stranger])
        lake.land("support_tickets", [ticket])
        lake.insert(
            "raw", "shop__customers", [{"id": 7, "email": "anna@example.org", "_load_id": 1}]
        )
        lake.build("stg_shop_customers", "stg_support_tickets", "fct_support_tickets")
        found = lake.rows(
            "SELECT ticket_id, customer_id, status, is_open, order_number, hours_to_last_change "
            "FROM marts.fct_support_tickets ORDER BY 1"
        )
        assert found == [
            ("T-1", 7, "solved", False, "FW-100042", Decimal("36.00")),
            ("T-2", None, "open", True, None, Decimal("0.00")),
        ]
        assert set(lake.tests_of("fct_support_tickets").values()) == {"pass"}
