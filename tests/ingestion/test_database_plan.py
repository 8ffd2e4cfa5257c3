"""What columns become, and what is told about their changes."""

import pytest

from platform_assets.ingestion import database_plan
from platform_assets.ingestion.database_columns import TIMESTAMPTZ, SourceColumn, decimal
from platform_assets.ingestion.database_plan import Drift
from platform_assets.ingestion.declaration import Column, NewColumns, TableDeclaration
from resources.errors import PlatformError


def column(name: str, type_: str, **more: object) -> SourceColumn:
    return SourceColumn(name, type_.lower(), type_, name, "loose", **more)  # type: ignore[arg-type]


def plan(columns, table=None, policy="evolve", have=None, told=None, zoned=()):
    table = table or TableDeclaration(name="t")
    return database_plan.make(
        columns, table, NewColumns(policy), have=have, told=told or {}, zoned=zoned
    )


def test_the_first_load_makes_the_table_and_tells_of_no_drift():
    made = plan([column("id", "BIGINT"), column("price", "DECIMAL(10,2)")])
    assert made.change.create == {"id": "BIGINT", "price": "DECIMAL(10,2)"}
    assert made.drift == ()


def test_a_declared_type_wins_over_the_source():
    table = TableDeclaration(name="t", columns=[Column(name="n", type="decimal(12, 3)")])
    assert plan([column("n", "VARCHAR")], table).change.create == {"n": "DECIMAL(12,3)"}


@pytest.mark.parametrize(
    ("policy", "place", "change"),
    [
        ("evolve", "column", "column_added"),
        ("freeze", "extra", "column_frozen"),
        ("reject", "reject", "column_rejected"),
    ],
)
def test_a_new_column_does_what_is_declared(policy, place, change):
    made = plan([column("id", "BIGINT"), column("new", "VARCHAR")], None, policy, {"id": "BIGINT"})
    assert [field.place for field in made.fields] == ["column", place]
    assert made.drift == (Drift("new", change, None, "VARCHAR"),)
    assert made.change.add == ({"new": "VARCHAR"} if policy == "evolve" else {})


def test_a_new_column_that_is_declared_is_added_under_every_policy():
    table = TableDeclaration(name="t", columns=[Column(name="new")])
    made = plan([column("new", "VARCHAR")], table, "reject", {"id": "BIGINT"})
    assert made.change.add == {"new": "VARCHAR"}


def test_a_vanished_column_stays_and_is_told_once():
    have = {"id": "BIGINT", "gone": "VARCHAR"}
    drift = Drift("gone", "column_missing", "VARCHAR", None)
    assert plan([column("id", "BIGINT")], have=have).drift == (drift,)
    assert plan([column("id", "BIGINT")], have=have, told={"gone": drift}).drift == ()


def test_a_column_that_comes_back_is_told():
    told = {"gone": Drift("gone", "column_missing", "VARCHAR", None)}
    made = plan([column("gone", "VARCHAR")], have={"gone": "VARCHAR"}, told=told)
    assert made.drift == (Drift("gone", "column_added", None, "VARCHAR"),)


def test_a_wider_type_widens_the_column_under_evolve_only():
    have = {"n": "DECIMAL(10,2)"}
    wide = [column("n", "DECIMAL(14,4)")]
    made = plan(wide, have=have)
    assert made.change.retype == {"n": "DECIMAL(14,4)"}
    assert made.drift == (Drift("n", "type_widened", "DECIMAL(10,2)", "DECIMAL(14,4)"),)
    frozen = plan(wide, None, "freeze", have)
    assert frozen.change.retype == {}
    assert frozen.fields[0].type == "DECIMAL(10,2)"
    assert frozen.drift == (Drift("n", "type_flipped", "DECIMAL(10,2)", "DECIMAL(14,4)"),)


def test_more_digits_in_front_paid_with_fewer_behind_are_not_wider():
    made = plan([column("n", "DECIMAL(10,0)")], have={"n": "DECIMAL(10,2)"})
    assert made.drift == (Drift("n", "type_flipped", "DECIMAL(10,2)", "DECIMAL(10,0)"),)


def test_a_narrower_type_changes_nothing():
    made = plan([column("n", "DECIMAL(8,2)")], have={"n": "DECIMAL(10,2)"})
    assert (made.change.retype, made.drift) == ({}, ())


def test_a_flipped_type_keeps_the_column_as_it_is():
    made = plan([column("n", "VARCHAR")], have={"n": "BIGINT"})
    assert made.fields[0].type == "BIGINT"
    assert made.drift == (Drift("n", "type_flipped", "BIGINT", "VARCHAR"),)


def test_a_type_that_is_declared_later_retypes_the_column():
    table = TableDeclaration(name="t", columns=[Column(name="n", type="string")])
    made = plan([column("n", "VARCHAR")], table, have={"n": "BIGINT"})
    assert made.change.retype == {"n": "VARCHAR"}
    assert made.drift == (Drift("n", "type_declared", "BIGINT", "VARCHAR"),)


def test_names_are_the_same_whatever_their_case():
    made = plan([column("ID", "BIGINT")], have={"id": "BIGINT"})
    assert made.fields[0].name == "id"
    assert made.drift == ()


def test_a_time_of_unknown_zone_keeps_the_type_that_the_first_load_gave_it():
    first = plan([column("at", "TIMESTAMP", zone_unknown=True)], zoned=["at"])
    assert first.change.create == {"at": TIMESTAMPTZ}
    later = plan([column("at", "TIMESTAMP", zone_unknown=True)], have={"at": TIMESTAMPTZ})
    assert later.fields[0].type == TIMESTAMPTZ
    assert later.drift == ()


def test_a_declared_column_that_the_source_lacks_is_there_and_empty():
    table = TableDeclaration(name="t", columns=[Column(name="soon", type="date")])
    made = plan([column("id", "BIGINT")], table)
    assert made.change.create == {"id": "BIGINT", "soon": "DATE"}
    assert made.drift == (Drift("soon", "column_missing", "DATE", None),)


@pytest.mark.parametrize("names", [["a", "A"], [""], ["_load_id"], ["_Extra"]])
def test_names_that_cannot_stand_in_a_raw_table_are_refused_with_a_way_out(names):
    with pytest.raises(PlatformError, match="Make a view"):
        database_plan.check_names([column(name, "BIGINT") for name in names], "Source 's'")


def test_numerics_become_the_smallest_decimal_that_holds_them():
    assert decimal(10, 2) == "DECIMAL(10,2)"
    assert decimal(None, None) == "DECIMAL(38,9)"
    assert decimal(5, -2) == "DECIMAL(7,0)"
    assert decimal(3, 5) == "DECIMAL(5,5)"
    assert decimal(65, 30) == "DECIMAL(38,30)"


def test_the_signature_changes_with_what_is_declared_about_reading_only():
    one = TableDeclaration(name="t", cursor="a", description="x")
    assert database_plan.signature(one) == database_plan.signature(
        one.model_copy(update={"description": "y", "overlap": "1h"})
    )
    assert database_plan.signature(one) != database_plan.signature(
        one.model_copy(update={"cursor": "b"})
    )
