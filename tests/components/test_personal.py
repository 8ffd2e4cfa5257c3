"""What declarations say of personal data, as Dagster learns it."""

import pytest

from platform_assets.components.dbt_translation import _columns
from platform_assets.components.source_fields import catalog_columns
from platform_assets.ingestion.declaration import Column
from resources.errors import PlatformError


def test_a_source_tags_a_column_or_paths_in_it() -> None:
    columns = [
        Column(name="mail", personal=True),
        Column(name="context", type="json", personal=["ip", "device.id"]),
        Column(name="id"),
    ]
    assert [c.tags for c in catalog_columns(columns)[:3]] == [
        {"personal": "true"}, {"personal": "ip, device.id"}, {},
    ]  # fmt: skip


@pytest.mark.parametrize("reason", [True, "", "  ", None])
def test_an_exception_needs_a_reason(reason: object) -> None:
    column = {"name": "session_id", "config": {"meta": {"not_personal": reason}}}
    with pytest.raises(PlatformError, match=r"fct_sessions\.session_id .* without a reason"):
        _columns({"name": "fct_sessions", "columns": {"session_id": column}})


def test_an_exception_with_a_reason_is_none_of_dagsters_tags() -> None:
    column = {"name": "session_id", "meta": {"not_personal": "A hash of each visit."}}
    (found,) = _columns({"name": "fct_sessions", "columns": {"session_id": column}})
    assert found.tags == {}
