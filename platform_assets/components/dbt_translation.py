"""What Dagster learns of a dbt node: key, owner, freshness, tags, columns, code reference.

dagster-dbt translates names, owners, descriptions and dependencies; added here is what the
policy asks of every asset and what the manifest knows but dagster-dbt does not carry over.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import yaml
from dagster_dbt import DagsterDbtTranslator

from platform_assets.automation import safety_net
from platform_assets.policy import Freshness, line_of, stamp
from resources.errors import PlatformError


class Translator(DagsterDbtTranslator):
    """Keys are `<schema>/<name>`; freshness and domain come from `config.meta.dagster`.

    Args:
        folder: where the dbt project is, for code references.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self._project = yaml.safe_load((folder / "dbt_project.yml").read_text())

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Return the declared key, else `<schema>/<name>`."""
        declared = _own_meta(dbt_resource_props).get("asset_key")
        if declared:
            return dg.AssetKey(declared)
        return dg.AssetKey([dbt_resource_props["schema"], dbt_resource_props["name"]])

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """Return the model's own description: its SQL is one click away, not part of it."""
        return str(dbt_resource_props.get("description") or "").strip()

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """Return the domain: the folder below the layer."""
        return self.domain(dbt_resource_props)

    def get_tags(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, str]:
        """Return dbt's tags that Dagster can hold."""
        return {
            k: v
            for k, v in super().get_tags(dbt_resource_props).items()
            if k not in {"layer", "domain"}
        }

    def meta(self, props: Mapping[str, Any]) -> dict[str, Any]:
        """Return `meta.dagster` of a node, with what its folders say and it does not.

        dbt itself replaces the folder's `meta.dagster` by the model's, as a whole.
        """
        kind = "seeds" if props["resource_type"] == "seed" else "models"
        level: Any = self._project.get(kind, {})
        found: dict[str, Any] = {}
        for name in props.get("fqn", ()):
            level = level.get(name)
            if not isinstance(level, Mapping):
                break
            found |= (level.get("+meta") or {}).get("dagster") or {}
        return found | dict(_own_meta(props))

    def domain(self, props: Mapping[str, Any]) -> str:
        """Return the domain of a node: `config.meta.dagster.domain`, or its folder."""
        declared = self.meta(props).get("domain")
        fqn = list(props.get("fqn", ()))
        return str(declared or (fqn[2] if len(fqn) > 3 else "platform"))

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: Any
    ) -> dg.AssetSpec:
        """Return the stamped spec of one node."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        props = self.get_resource_props(manifest, unique_id)
        if props["resource_type"] == "source" or "layer" in spec.tags:
            return spec
        freshness = self.meta(props).get("freshness")
        file, line = self._declared_at(props)
        spec = stamp(
            spec,
            layer=str(props["schema"]),
            domain=self.domain(props),
            table=f"lake.{props['schema']}.{props.get('alias') or props['name']}",
            file=file,
            line=line,
            owners=self.meta(props).get("owners", ()),
            freshness=_policy(freshness) if freshness else None,
            columns=_columns(props),
        ).replace_attributes(
            kinds={
                "dbt",
                "ducklake",
                str(props["config"].get("materialized", "table")),
            },
            automation_condition=safety_net(),
        )
        self._resolved_specs[(id(manifest), unique_id, id(project))] = spec
        return spec

    def _declared_at(self, props: Mapping[str, Any]) -> tuple[Path, int]:
        """Return the SQL (or, lacking it, YAML) file of a node, and the line."""
        return self.folder / str(props["original_file_path"]), 1

    def described_at(self, props: Mapping[str, Any]) -> tuple[Path, int]:
        """Return the YAML file and line where a node is documented."""
        patch = str(props.get("patch_path") or props["original_file_path"])
        path = self.folder / patch.partition("://")[2] if "://" in patch else self.folder / patch
        return path, line_of(path, rf"name:\s*{props['name']}\b")


def _own_meta(props: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return `config.meta.dagster`, or `meta.dagster`."""
    for meta in ((props.get("config") or {}).get("meta"), props.get("meta")):
        if meta and isinstance(meta.get("dagster"), Mapping):
            return dict(meta["dagster"])
    return {}


def _policy(declared: Mapping[str, Any]) -> dg.FreshnessPolicy:
    if "fail_minutes" in declared:
        warn = declared.get("warn_minutes")
        return Freshness(
            fail=f"{declared['fail_minutes']}m", warn=f"{warn}m" if warn else None
        ).policy()
    return Freshness.model_validate(dict(declared)).policy()


def _columns(props: Mapping[str, Any]) -> list[dg.TableColumn]:
    """Return the described columns.

    Raises:
        PlatformError: an exception from personal data has no reason.
    """
    for column in props.get("columns", {}).values():
        _require_reason(props, column)
    return [
        dg.TableColumn(
            name=column["name"],
            type=column.get("data_type") or "?",
            description=column.get("description") or None,
            tags={"personal": "true"} if _personal(column) else {},
        )
        for column in props.get("columns", {}).values()
    ]


def _personal(column: Mapping[str, Any]) -> bool:
    """Whether a column is marked `meta: {personal: true}`."""
    return any(meta.get("personal") for meta in _metas(column))


def _require_reason(props: Mapping[str, Any], column: Mapping[str, Any]) -> None:
    for meta in _metas(column):
        reason = meta.get("not_personal")
        if "not_personal" in meta and not (isinstance(reason, str) and reason.strip()):
            raise PlatformError(
                f"{props['name']}.{column['name']} is declared to hold no personal data, "
                "without a reason.",
                hint="Write it: not_personal: <why nobody is found by it>.",
            )


def _metas(column: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = (column.get("meta"), (column.get("config") or {}).get("meta"))
    return [meta for meta in found if meta]
