"""How each kind of declaration becomes Dagster assets. Thin: the work is done in the rooms below.

`FileSource`, `DatabaseSource`, `DbtWarehouse`, `Report`, `ProductRecords`, `KeyResults`,
`Attention` and `Maintenance` are types that a `defs.yaml` names.
"""

from platform_assets.components.attention import Attention
from platform_assets.components.database_source import DatabaseSource
from platform_assets.components.dbt_warehouse import DbtWarehouse
from platform_assets.components.file_source import FileSource
from platform_assets.components.key_results import KeyResults
from platform_assets.components.maintenance import Maintenance
from platform_assets.components.product_records import ProductRecords
from platform_assets.components.report import Report

__all__ = [
    "Attention",
    "DatabaseSource",
    "DbtWarehouse",
    "FileSource",
    "KeyResults",
    "Maintenance",
    "ProductRecords",
    "Report",
]
