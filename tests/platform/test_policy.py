"""Every asset says who answers for it, what it is and how fresh it is."""

from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from platform_assets.policy import (
    Freshness,
    declared_at,
    duration,
    enforce,
    stamp,
    tag_value,
)
from resources.errors import PlatformError


def good(**changes: object) -> dg.AssetSpec:
    spec = stamp(
        dg.AssetSpec(["raw", "orders"]),
        layer="raw",
        domain="commerce",
        kinds={"file"},
        table="lake.raw.orders",
        file=Path("defs/orders/defs.yaml"),
        line=3,
        owners=["team:data"],
        description="One row per order.",
        freshness=Freshness(fail="26h", warn="13h").policy(),
        columns=[dg.TableColumn("id", "integer", description="Its number.")],
    )
    return spec.replace_attributes(**changes)


def test_a_stamped_asset_carries_everything_the_policy_asks() -> None:
    spec = good()
    assert spec.owners == ["team:data"]
    assert spec.group_name == "commerce"
    assert spec.tags["layer"] == "raw" and spec.tags["domain"] == "commerce"
    assert spec.metadata["dagster/table_name"] == "lake.raw.orders"
    assert spec.metadata["dagster/column_schema"].columns[0].description == "Its number."
    assert declared_at(spec) == "defs/orders/defs.yaml:3"
    enforce([spec])


@pytest.mark.parametrize(
    ("change", "lacks"),
    [
        ({"owners": []}, "an owner"),
        ({"description": "  "}, "a description"),
        ({"freshness_policy": None}, "a freshness policy"),
    ],
)
def test_an_asset_that_lacks_something_fails_with_file_and_line(
    change: dict[str, object], lacks: str
) -> None:
    with pytest.raises(PlatformError) as caught:
        enforce([good(), good(**change)])
    assert f"defs/orders/defs.yaml:3: raw/orders lacks {lacks}" in str(caught.value)


def test_what_an_asset_says_of_itself_is_not_overwritten() -> None:
    own = dg.AssetSpec("x", description="Mine.", owners=["me@example.com"], group_name="web")
    spec = stamp(own, layer="raw", domain="commerce", owners=["team:data"], description="Theirs.")
    assert (spec.description, spec.group_name) == ("Mine.", "web")
    assert spec.owners == ["me@example.com", "team:data"]


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("90m", timedelta(minutes=90)),
        ("26h", timedelta(hours=26)),
        ("2d", timedelta(days=2)),
    ],
)
def test_durations_are_a_number_and_a_unit(text: str, span: timedelta) -> None:
    assert duration(text) == span


@pytest.mark.parametrize("text", ["", "h", "3 weeks", "-1h", "1.5h"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(PlatformError, match="26h"):
        duration(text)


def test_tag_values_hold_what_dagster_accepts() -> None:
    assert tag_value("yes, really / no") == "yes-really-no"
    assert len(tag_value("x" * 99)) == 63
