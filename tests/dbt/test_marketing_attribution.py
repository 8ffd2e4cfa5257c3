"""Attribution in increments: right, conserved, and the same in whatever order things land."""

import csv
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from dbt.contracts.graph.manifest import Manifest

from tests.dbt.attribution_world import Hit, OrderVersion, credited, happenings, latest, sessions
from tests.dbt.company_lake import CompanyLake, company_lake
from tests.long import long

MODELS = (
    "stg_shop_orders",
    "fct_orders",
    "int_session_channels",
    "fct_attribution_touchpoints",
    "channel_attribution",
)
NAMES = ("first_touch", "last_touch", "position_based")
LOADS = ("_session_load_id", "_order_load_id")


@pytest.fixture(scope="module")
def module_lake(
    tmp_path_factory: pytest.TempPathFactory, manifest: Manifest
) -> Iterator[CompanyLake]:
    tables = ("shop__orders", "google_ads", "meta_ads")
    with company_lake(tmp_path_factory.mktemp("attribution"), manifest, *tables) as made:
        yield made


@pytest.fixture
def lake(module_lake: CompanyLake) -> CompanyLake:
    module_lake.clear()
    module_lake.make_sessions()
    module_lake.build("channel_source_categories", "ad_services")
    return module_lake


class Company:
    """What has landed so far, and the sessions that the lake was told of."""

    def __init__(self, lake: CompanyLake) -> None:
        self.lake = lake
        self.hits: list[Hit] = []
        self.orders: list[OrderVersion] = []
        self.told: dict[str, dict[str, Any]] = {}

    def land(self, batch: Sequence[Hit | OrderVersion]) -> None:
        """Let a batch land: orders in the shop, and the sessions that its hits change."""
        hits = [h for h in batch if isinstance(h, Hit)]
        orders = [o for o in batch if isinstance(o, OrderVersion)]
        self.hits += hits
        self.orders += orders
        load = self.lake.land("shop__orders", [order.row() for order in orders])
        now = sessions(self.hits)
        touched = {h.device for h in hits}
        gone = [i for i, s in self.told.items() if now.get(i) != s]
        new = [
            s
            for i, s in now.items()
            if self.told.get(i) != s or any(self._hit(s, h) for h in hits if h.device in touched)
        ]
        names = ", ".join(f"'{i}'" for i in [*gone, *(s["session_id"] for s in new)])
        self.lake.execute(f"DELETE FROM marts.fct_sessions WHERE session_id IN ({names or 'NULL'})")
        self.lake.insert("marts", "fct_sessions", [{**s, "_load_id": load} for s in new])
        self.told = now

    def _hit(self, session: dict[str, Any], hit: Hit) -> bool:
        """Whether a hit fell into a session: it carries the hit's load then, changed or not."""
        own = [s for s in sessions(self.hits).values() if s["device_id"] == hit.device]
        began = [s["session_start_at"] for s in own if s["session_start_at"] <= hit.at]
        return session["device_id"] == hit.device and session["session_start_at"] == max(began)

    def check(self) -> None:
        """Compare the lake with a plain reading of what has landed."""
        expected = credited(self.told.values(), latest(self.orders))
        found = self.lake.rows(
            "SELECT order_id, session_id, first_touch_weight, last_touch_weight, "
            "position_based_weight FROM marts.fct_attribution_touchpoints"
        )
        weights = {row[:2]: dict(zip(NAMES, row[2:], strict=True)) for row in found}
        assert len(found) == len(weights) == len(expected)
        for key, shares in expected.items():
            for name in NAMES:
                assert abs(Decimal(float(shares[name])) - weights[key][name]) < Decimal("0.000002")
        self.conserves()

    def conserves(self) -> None:
        """Weights add up to 1 and revenue to the order's, exactly."""
        parts = ", ".join(f"sum({n}_weight), sum({n}_revenue)" for n in NAMES)
        sums = self.lake.rows(
            f"SELECT order_id, {parts} FROM marts.fct_attribution_touchpoints GROUP BY order_id"
        )
        revenue = {
            o.id: Decimal(o.cents) / 100 if o.status != "refunded" else Decimal(0)
            for o in latest(self.orders)
        }
        assert {row[0]: row[1:] for row in sums} == {
            order: (Decimal(1), amount) * len(NAMES) for order, amount in revenue.items()
        }


@pytest.mark.parametrize(
    ("seed", "batches"),
    [(1, 1), (2, 5), pytest.param(1, 7, marks=long("every model seven times"))],
)
def test_increments_in_any_order_are_a_full_rebuild(
    lake: CompanyLake, seed: int, batches: int
) -> None:
    company = Company(lake)
    landing = happenings(seed)
    random.Random(batches).shuffle(landing)
    for n in range(batches):
        company.land(landing[n::batches])
        lake.build(*MODELS)
        if n % 5 == 0:
            company.check()
    company.check()
    tables = ("intermediate.int_session_channels", "marts.fct_attribution_touchpoints")
    step_by_step = [lake.table(name) for name in (*tables, "marts.channel_attribution")]
    lake.build(*MODELS, full_refresh=True)
    assert [lake.table(name) for name in (*tables, "marts.channel_attribution")] == step_by_step
    if batches == 7 and seed == 1:
        assert set(lake.tests_of(*MODELS[1:]).values()) == {"pass"}


def test_only_the_orders_of_touched_people_are_written_anew(lake: CompanyLake) -> None:
    company = Company(lake)
    landing = happenings(3)
    company.land(landing)
    lake.build(*MODELS)
    lake.execute("UPDATE marts.fct_attribution_touchpoints SET source = 'as it was'")
    order = latest(company.orders)[0]
    company.land([Hit("new phone", order.at, ("newsletter", "email"), order.customer)])
    lake.build(*MODELS)
    anew = lake.rows(
        "SELECT DISTINCT person_id FROM marts.fct_attribution_touchpoints "
        "WHERE source IS DISTINCT FROM 'as it was'"
    )
    assert anew == [(f"c_{order.customer}",)]
    company.check()


def test_models_are_not_confused_by_loads_of_other_sources(lake: CompanyLake) -> None:
    """Sessions that arrive with an older load than the newest order's are still seen."""
    at = datetime.fromisoformat("2026-03-05 10:00:00")
    company = Company(lake)
    company.land(
        [Hit("phone", at, ("google", "cpc"), 1), OrderVersion(1, 1, at, 500, "placed", at)]
    )
    lake.build(*MODELS)
    late = sessions([*company.hits, Hit("laptop", at, ("newsletter", "email"), 1)])
    old_load = lake.load_id + 1
    lake.load_id += 5
    company.land([OrderVersion(2, 2, at, 100, "placed", at)])
    lake.build(*MODELS)
    visit = late[f"laptop@{at}"]
    lake.insert("marts", "fct_sessions", [{**visit, "_load_id": old_load}])
    lake.build(*MODELS)
    company.told = late
    company.check()


def test_an_order_that_is_refunded_gives_its_new_customer_to_the_next(lake: CompanyLake) -> None:
    at = datetime.fromisoformat("2026-03-05 10:00:00")
    later = datetime.fromisoformat("2026-03-09 10:00:00")
    company = Company(lake)
    company.land(
        [
            Hit("phone", at, ("google", "cpc"), 1),
            Hit("phone", later, ("newsletter", "email"), 1),
            OrderVersion(1, 1, at, 500, "placed", at),
            OrderVersion(2, 1, later, 700, "placed", later),
        ]
    )
    lake.build(*MODELS)
    company.land([OrderVersion(1, 1, at, 500, "refunded", later)])
    lake.build(*MODELS)
    found = lake.rows(
        "SELECT date, channel, orders, new_customers, revenue FROM marts.channel_attribution "
        "WHERE model = 'last_touch'"
    )
    assert found == [(later.date(), "Email", Decimal(1), Decimal(1), Decimal("7.00"))]


def test_an_order_that_changes_hands_leaves_its_old_customer_right(lake: CompanyLake) -> None:
    at = datetime.fromisoformat("2026-03-05 10:00:00")
    later = datetime.fromisoformat("2026-03-09 10:00:00")
    company = Company(lake)
    first, second = (
        OrderVersion(1, 1, at, 500, "paid", at),
        OrderVersion(2, 1, later, 700, "paid", at),
    )
    company.land([Hit("phone", at, ("google", "cpc"), 1), first, second])
    lake.build(*MODELS)
    company.land([OrderVersion(1, 9, at, 500, "paid", later)])
    lake.build(*MODELS)
    found = lake.rows(
        "SELECT order_id, customer_id, is_first_order, channel "
        "FROM marts.fct_attribution_touchpoints ORDER BY 1"
    )
    assert found == [(1, 9, True, "Untracked"), (2, 1, True, "Paid Search")]


def test_channels_and_last_touch_agree_with_the_published_attribution(
    lake: CompanyLake, shared_data: Path
) -> None:
    """97 visits and six conversions of Snowplow's package. Ours is the last *non-direct* touch:
    theirs credits a direct visit after two from a search engine, so that one order differs;
    everything is conserved.
    """
    folder = shared_data / "events_snowplow_fractribution" / "expected"
    prefix = "snowplow_fractribution"
    visits = read(folder / f"{prefix}_sessions_by_customer_id_expected.csv")
    conversions = read(folder / f"{prefix}_conversions_by_customer_id_expected.csv")
    numbers = {name: n for n, name in enumerate(sorted({v["customer_id"] for v in visits}), 1)}
    lake.insert(
        "marts",
        "fct_sessions",
        [
            {
                "session_id": f"{n:03}",
                "device_id": v["customer_id"],
                "person_id": f"c_{numbers[v['customer_id']]}",
                "session_start_at": v["visit_start_tstamp"],
                "session_end_at": v["visit_start_tstamp"],
                "is_bot": False,
                **{key: v[key] for key in ("source", "medium", "campaign")},
                "_load_id": 1,
            }
            for n, v in enumerate(visits)
        ],
    )
    orders = [
        OrderVersion(n, numbers[c["customer_id"]], at, round(float(c["revenue"]) * 100), "paid", at)
        for n, c in enumerate(conversions, 1)
        for at in [datetime.fromisoformat(c["conversion_tstamp"])]
    ]
    lake.land("shop__orders", [order.row() for order in orders])
    lake.build(*MODELS, "daily_channels")
    sums = "SELECT channel, sum(sessions) FROM marts.daily_channels GROUP BY channel"
    assert dict(lake.rows(sums)) == {
        "Direct": 46,
        "Organic Search": 39,
        "Paid Search": 3,  # theirs: Paid_Search_Other
        "Organic Video": 3,  # theirs: Video
        "Referral": 4,  # theirs: 5, with quora.com, which Google counts as social
        "Organic Social": 1,
        "Affiliates": 1,  # theirs: Unmatched_Channel
    }
    ours = defaultdict(Decimal)
    counts: Counter[str] = Counter()
    for channel, n, revenue in lake.rows(
        "SELECT channel, sum(orders), sum(revenue) FROM marts.channel_attribution "
        "WHERE model = 'last_touch' GROUP BY ALL"
    ):
        counts[channel], ours[channel] = int(n), revenue
    assert (sum(counts.values()), sum(ours.values())) == (6, Decimal("500.92"))
    names = {"Direct": "Direct", "Organic_Search": "Organic Search", "Video": "Organic Video"}
    published = {
        names[row["CHANNEL"]]: (int(row["CONVERSIONS"]), round(Decimal(row["REVENUE"]), 2))
        for row in read(folder / f"{prefix}_channel_attribution_expected.csv")
        if row["ATTRIBUTION_TYPE"] == "last_touch" and row["CONVERSIONS"] != "0"
    }
    moved = Decimal(140)  # Organic Search > Organic Search > Direct
    assert published == {
        "Direct": (counts["Direct"] + 1, ours["Direct"] + moved),
        "Organic Search": (counts["Organic Search"] - 1, ours["Organic Search"] - moved),
        "Organic Video": (counts["Organic Video"], ours["Organic Video"]),
    }


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
