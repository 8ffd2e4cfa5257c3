"""What our datasets and jobs are called in OpenLineage, so that events of other producers join.

What belongs here: the rules that make a name, and the reading of one. What does not: events.

OpenLineage's naming has no rule for DuckLake, so this one follows its others: the namespace is the
server that knows the tables, here the lake's catalog, and the name is what it calls the table.

| what | namespace | name |
|---|---|---|
| a table, one machine's lake | `ducklake:///srv/data/warehouse` | `marts.orders` |
| a table, a team's lake | `ducklake://db.example:5432/lake` | `marts.orders` |
| its files | `file`, `s3://bucket` | `/srv/data/warehouse/data/marts/orders` |
| landed files | `file`, `s3://bucket` | `/srv/data/landing/orders` |
| a table of a source database | `postgres://db.example:5432` | `shop.public.orders` |
| a report | `file`, `s3://bucket` | `/srv/data/reports/weekly` |
| the Dagster asset | `dagster://<namespace of jobs>` | `marts/orders` |
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import sqlalchemy

from resources.settings import settings
from resources.warehouse.places import place_of

TABLE, LOCATION, ASSET = "TABLE", "LOCATION", "DAGSTER_ASSET"
REPORT = "report"  # first part of a report's key
CATALOG = "lake"  # what every connection of ours, dbt's too, attaches the lake as
IN_MEMORY = "duckdb://:memory:"  # `dbt-ol` names a database by its path in dbt's profile
_PORTS = {"postgres": 5432, "mysql": 3306}


@dataclass(frozen=True, order=True)
class Identifier:
    """A dataset's name in a namespace.

    Attributes:
        kind: `TABLE`, `LOCATION` or `DAGSTER_ASSET`: what the name is a name of.
    """

    namespace: str
    name: str
    kind: str = TABLE


@dataclass(frozen=True)
class DatasetNames:
    """What a dataset is called, and what else it is known as.

    Attributes:
        symlinks: other names of the same data, which are told with it.
        aliases: what others may call it; understood in their events, never told in ours, because
            another platform's data could have the same.
    """

    primary: Identifier
    symlinks: tuple[Identifier, ...] = ()
    aliases: tuple[Identifier, ...] = ()

    @property
    def namespace(self) -> str:
        """Namespace of the first name."""
        return self.primary.namespace

    @property
    def name(self) -> str:
        """The first name."""
        return self.primary.name

    def all(self) -> tuple[Identifier, ...]:
        """Return every name: to find the asset that an event of others speaks of."""
        return (self.primary, *self.symlinks, *self.aliases)


@dataclass(frozen=True)
class Naming:
    """The names of one platform's datasets and jobs.

    Attributes:
        jobs: namespace of jobs.
        lake: namespace of the warehouse's tables.
        catalog: what DuckDB attaches to reach the lake: a file, or the namespace again.
        files: folder or URL of the warehouse's Parquet files.
        reports: folder or URL of the versions of reports.
        landing: folder or URL of the landing zone.
    """

    jobs: str
    lake: str
    catalog: str
    files: str
    reports: str
    landing: str

    @classmethod
    def from_settings(cls) -> Self:
        """Return the names that follow from the settings; nothing is opened."""
        s = settings()
        place = place_of(s.warehouse, s.data / "tmp")
        catalog = getattr(place, "catalog", None)
        return cls(
            jobs=s.openlineage_namespace,
            lake=f"ducklake://{place.name}",
            catalog=f"duckdb://{catalog}" if catalog else "",
            files=place.files,
            reports=s.reports,
            landing=s.landing,
        )

    def dataset_of(self, key: str, table: str = "") -> DatasetNames:
        """Return the names of an asset's data.

        Args:
            key: of the asset, `marts/orders`.
            table: `schema.name` in the warehouse, with or without the catalog before it; "" for an
                asset that is no table.
        """
        asset = Identifier(f"dagster://{self.jobs}", key, ASSET)
        if table:
            return self._table(table, asset)
        first, _, rest = key.partition("/")
        if first == REPORT and rest:
            return DatasetNames(at(self.reports, rest), (asset,))
        return DatasetNames(asset)

    def table(self, table: str) -> Identifier:
        """Return the first name of a table of the warehouse, `schema.name`."""
        return Identifier(self.lake, ".".join(table.split(".")[-2:]))

    def _table(self, table: str, asset: Identifier) -> DatasetNames:
        name = self.table(table)
        inside = f"{CATALOG}.{name.name}"
        known = (Identifier(self.catalog, inside),) if self.catalog else ()
        return DatasetNames(
            name,
            (at(self.files, name.name.replace(".", "/")), *known, asset),
            (Identifier(self.lake, inside), Identifier(IN_MEMORY, inside)),
        )

    def landed(self, glob: str) -> Identifier:
        """Return the name of the files that a source reads: the folder before the first `*`."""
        parts = glob.split("/")
        fixed = next((i for i, part in enumerate(parts) if set(part) & set("*?[{")), len(parts))
        return at(self.landing, "/".join(parts[:fixed]))

    def job_of(self, key: str) -> tuple[str, str]:
        """Return namespace and name of the job that makes an asset: `marts.orders`."""
        return self.jobs, key.replace("/", ".")

    def check_of(self, key: str, check: str) -> tuple[str, str]:
        """Return namespace and name of the job that checks an asset."""
        return self.jobs, f"{key.replace('/', '.')}.check.{check}"

    def observer_of(self, key: str) -> tuple[str, str]:
        """Return namespace and name of the job that looks at an asset without making it."""
        return self.jobs, f"{key.replace('/', '.')}.observe"


def at(place: str, below: str = "") -> Identifier:
    """Return the name of files: of a folder of this machine, or of a prefix in an object store."""
    scheme, separator, rest = place.partition("://")
    if not separator or scheme == "file":
        path = rest if separator else place
        return Identifier("file", "/".join(p for p in (path.rstrip("/"), below) if p), LOCATION)
    bucket, _, prefix = rest.partition("?")[0].partition("/")
    name = "/".join(p for p in (prefix.strip("/"), below) if p)
    return Identifier(f"{scheme}://{bucket}", name or "/", LOCATION)


def source_table(url: str, table: str) -> Identifier:
    """Return the name of a table of a source database; never a user or a password.

    Args:
        url: SQLAlchemy's, of PostgreSQL, MySQL or SQLite.
        table: as declared, with or without its schema.
    """
    parsed = sqlalchemy.make_url(url)
    kind = parsed.get_backend_name()
    if kind == "sqlite":
        return Identifier(f"sqlite://{parsed.database}", table)
    scheme = "postgres" if kind == "postgresql" else "mysql" if kind == "mariadb" else kind
    port = parsed.port or _PORTS.get(scheme)
    where = f"{scheme}://{parsed.host or 'localhost'}" + (f":{port}" if port else "")
    if scheme == "postgres" and "." not in table:
        table = f"public.{table}"
    return Identifier(where, f"{parsed.database}.{table}")


def keys_by_name(datasets: Sequence[tuple[str, DatasetNames]]) -> dict[tuple[str, str], str]:
    """Return the asset key behind each name, of assets and their names.

    A name that two assets could have is nobody's.
    """
    found: dict[tuple[str, str], str] = {}
    twice = set()
    for key, names in datasets:
        for each in {(i.namespace, i.name) for i in names.all()}:
            if found.setdefault(each, key) != key:
                twice.add(each)
    return {name: key for name, key in found.items() if name not in twice}
