"""The engine seam: the only three ways to the warehouse.

*read*: `Warehouse.engine()`, a read-only SQLAlchemy engine; *model*: the dbt target
(`resources.dbt`); *load*: `Warehouse.write()` and the loader. Nothing else knows the engine.
"""

from resources.warehouse.connection import Warehouse

__all__ = ["Warehouse"]
