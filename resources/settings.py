"""The only reader of the environment: every setting, its default and its meaning.

What belongs here: names, defaults, units and validation of settings. What does not: opening
anything that a setting names; that is the work of the room that uses it.
"""

import os
import re
from functools import cache, cached_property
from pathlib import Path

from dotenv import load_dotenv
from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from resources.secrets import password_of

# Names of variables that hold a secret, whoever's it is.
SECRET_NAMES = re.compile(
    r"PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIAL|(?:API|ACCESS|PRIVATE)_KEY$", re.I
)
_TOKEN = re.compile(r";token=([^;]+)")  # of a Spark Connect URL
PROJECT_ROOT = Path(__file__).resolve().parent.parent
OPENLINEAGE_FILE = "openlineage.yml"
OPENLINEAGE_CONFIG = "OPENLINEAGE_CONFIG"
OPENLINEAGE_TRANSPORT = "OPENLINEAGE__TRANSPORT"
ENV_FILE = PROJECT_ROOT / ".env"


class Settings(BaseSettings):
    """Settings of the platform, from the environment or `.env`, each with the prefix `PLATFORM_`;
    those of an object store by the names that AWS gave them.

    Paths that are not absolute are taken from the project's folder, so that a command means the
    same wherever it is started.
    """

    model_config = SettingsConfigDict(
        env_prefix="PLATFORM_", env_file=ENV_FILE, extra="ignore", populate_by_name=True
    )

    data_dir: Path = Field(
        default=Path(".data"),
        description="Folder below which everything is written at run time.",
    )
    landing_url: str = Field(
        default="",
        description="Landing zone: a folder or an fsspec URL; `landing/` in the data folder.",
    )
    warehouse_url: str = Field(
        default="",
        description="Warehouse: `ducklake:///<folder>`, or of a team "
        "`ducklake+postgresql://<user>:<password>@<host>/<database>?files=<folder or s3://…>`. "
        "Default: `warehouse/` in the data folder.",
    )
    reports_url: str = Field(
        default="",
        description="Versions of reports: a folder, or `s3://<bucket>/<prefix>`; `reports/` in the "
        "data folder.",
    )
    s3_endpoint: str = Field(
        default="",
        validation_alias=AliasChoices("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
        description="Address of an object store that is not Amazon's, e.g. `https://minio:9000`.",
    )
    s3_region: str = Field(
        default="us-east-1",
        validation_alias=AliasChoices("AWS_REGION", "AWS_DEFAULT_REGION"),
        description="Region of the object store.",
    )
    s3_key: str = Field(
        default="",
        validation_alias="AWS_ACCESS_KEY_ID",
        description="Name of the key to the object store.",
    )
    s3_secret: SecretStr = Field(
        default=SecretStr(""),
        validation_alias="AWS_SECRET_ACCESS_KEY",
        description="The key to the object store.",
    )
    s3_token: SecretStr = Field(
        default=SecretStr(""),
        validation_alias="AWS_SESSION_TOKEN",
        description="Token of a key that is valid for some time only.",
    )
    s3_patience: float = Field(
        default=90,
        ge=0,
        description="Seconds for which a request to an object store that is busy or away is tried "
        "again.",
    )
    landing_recent: int = Field(
        default=1000,
        ge=10,
        description="Names at each place where files landed lately that every look goes through; "
        "object stores only.",
    )
    landing_sweep_minutes: float = Field(
        default=15,
        gt=0,
        description="Minutes in which looks go through all names of a source once, for files that "
        "landed elsewhere; object stores only.",
    )
    spark_url: SecretStr = Field(
        default=SecretStr(""),
        description="Spark Connect server that builds models and reads landed files: "
        "`sc://host:port`. Default: DuckDB does both, in this process.",
    )
    dagster_url: SecretStr = Field(
        default=SecretStr(""),
        description="PostgreSQL for Dagster's runs, events and schedules: "
        "`postgresql://<user>:<password>@<host>/<database>`. Default: SQLite in the data folder.",
    )
    queue_url: SecretStr = Field(
        default=SecretStr(""),
        description="Redis whose workers execute runs: `redis://:<password>@<host>/<number>`. "
        "Default: runs are processes of the machine that serves the definitions.",
    )
    lineage_url: SecretStr = Field(
        default=SecretStr(""),
        description="Database for OpenLineage events of other producers: "
        "`postgresql://<user>:<password>@<host>/<database>`. Default: Dagster's, if that is one; "
        "else SQLite in the data folder.",
    )
    lineage_key: SecretStr = Field(
        default=SecretStr(""),
        description="Key that OpenLineage's producers and readers send as `Authorization: Bearer`.",
    )
    lineage_days: float = Field(
        default=180,
        gt=0,
        description="Days after which what other producers told, and did not repeat, is forgotten.",
    )
    lineage_events: int = Field(
        default=100_000,
        ge=100,
        description="Events of other producers that are kept; the oldest go first.",
    )
    records_url: SecretStr = Field(
        default=SecretStr(""),
        description="Database for requests, feedback and what people do with them: "
        "`postgresql://<user>:<password>@<host>/<database>`. Default: Dagster's, if that is one; "
        "else SQLite in the data folder.",
    )
    user_header: str = Field(
        default="",
        description="Header in which a sign-on in front of the server names who is signed in, e.g. "
        "`X-Forwarded-Email`. Without it, people say who they are.",
    )
    usage: bool = Field(
        default=True,
        description="Whether views of pages, searches, queries and downloads are recorded.",
    )
    worker_lease: int = Field(
        default=30,
        ge=2,
        description="Seconds after which a worker that is not heard of counts as gone.",
    )
    lake_pool: int = Field(
        default=8,
        ge=0,
        description="Steps of all runs that write to a team's lake at once; 0: no limit.",
    )
    spark_pool: int = Field(
        default=4,
        ge=0,
        description="Steps of all runs that work on Spark at once; 0: no limit.",
    )
    database_pool: int = Field(
        default=2,
        ge=0,
        description="Steps of all runs that read one source database at once; 0: no limit.",
    )
    migrate_to: SecretStr = Field(
        default=SecretStr(""),
        description="Where `platform-assets migrate` moves the lake: a team's warehouse.",
    )
    migrate_history_to: SecretStr = Field(
        default=SecretStr(""),
        description="Where `platform-assets migrate` moves Dagster's runs, events and schedules: "
        "`postgresql://<user>:<password>@<host>/<database>`.",
    )
    migrate_records_to: SecretStr = Field(
        default=SecretStr(""),
        description="Where it moves requests and feedback. Default: where Dagster's history goes.",
    )
    migrate_lineage_to: SecretStr = Field(
        default=SecretStr(""),
        description="Where it moves OpenLineage events of other producers. Default: where "
        "Dagster's history goes.",
    )
    openlineage_namespace: str = Field(
        default="platform",
        validation_alias=AliasChoices("OPENLINEAGE_NAMESPACE"),
        min_length=1,
        description="Namespace of our jobs in OpenLineage's events.",
    )
    defs_module: str = Field(
        default="platform_assets.defs",
        description="Python package of the declarations: sources, warehouse, reports.",
    )
    dbt_dir: Path = Field(default=Path("dbt"), description="Folder of the dbt project.")
    memory_limit: str = Field(
        default="2GB",
        description="Memory that one DuckDB connection may use to load and to read, e.g. `4GB`.",
    )
    model_memory_limit: str = Field(
        default="",
        description="Memory for building models. Default: half of the machine's, at least 2GB.",
    )
    threads: int = Field(
        default=0,
        ge=0,
        description="Threads of one DuckDB connection; 0 means one per core.",
    )
    sensor_interval: int = Field(
        default=5,
        ge=1,
        description="Seconds between two looks of a sensor for new data.",
    )
    stable_seconds: float = Field(
        default=0.5,
        ge=0,
        description="Seconds a file's size must stay the same before it is touched.",
    )

    def path(self, value: Path) -> Path:
        """Return `value` as an absolute path, seen from the project's folder."""
        return value if value.is_absolute() else PROJECT_ROOT / value

    @property
    def data(self) -> Path:
        """Absolute folder of everything that is written at run time."""
        return self.path(self.data_dir)

    @cached_property
    def secrets(self) -> frozenset[str]:
        """Passwords and keys of these settings and of the environment."""
        return _secrets_of(self)

    @property
    def openlineage_configured(self) -> bool:
        """Whether something says where OpenLineage's events go, as its own client looks for it."""
        said = {n: v.strip() for n, v in os.environ.items() if n.startswith("OPENLINEAGE_")}
        if said.get("OPENLINEAGE_DISABLED", "").lower() == "true":
            return False
        if said.get("OPENLINEAGE_URL") or any(n.startswith(OPENLINEAGE_TRANSPORT) for n in said):
            return True
        files = [Path.cwd() / OPENLINEAGE_FILE, Path.home() / ".openlineage" / OPENLINEAGE_FILE]
        if said.get(OPENLINEAGE_CONFIG):
            files.append(Path(said[OPENLINEAGE_CONFIG]))
        return any(file.is_file() for file in files)

    @property
    def landing(self) -> str:
        """URL or absolute folder of the landing zone."""
        return self._place(self.landing_url, "landing")

    @property
    def reports(self) -> str:
        """URL or absolute folder of the versions of reports."""
        return self._place(self.reports_url, "reports")

    @property
    def warehouse(self) -> str:
        """URL of the warehouse, with an absolute folder."""
        return self.warehouse_url or f"ducklake:///{self.data / 'warehouse'}"

    @property
    def lineage(self) -> str:
        """URL of the database of received lineage."""
        here = f"sqlite:///{self.data / 'lineage' / 'received.sqlite'}"
        shared = self.lineage_url.get_secret_value() or self.dagster_url.get_secret_value()
        return shared or here

    @property
    def records(self) -> str:
        """URL of the database of requests and feedback."""
        here = f"sqlite:///{self.data / 'product' / 'records.sqlite'}"
        shared = self.records_url.get_secret_value() or self.dagster_url.get_secret_value()
        return shared or here

    def _place(self, url: str, default: str) -> str:
        if "://" in url:
            return url
        return str(self.path(Path(url)) if url else self.data / default)

    @property
    def model_memory(self) -> str:
        """Memory for building models, in DuckDB's notation.

        A first build sorts all history at once, and what it gathers for a session can't be spilled.
        """
        megabytes = max(_machine_memory() // 2 // 10**6, 2_000)
        return self.model_memory_limit or f"{megabytes}MB"


def secret_values() -> frozenset[str]:
    """Return every password and key that this process knows of, as it is written there.

    Those of settings, and what the environment holds for others, declared sources above all: values
    of variables that are named like a secret, and passwords in URLs. Read when settings are.
    """
    return settings().secrets


def _secrets_of(s: "Settings") -> frozenset[str]:
    found = {value for name, value in os.environ.items() if SECRET_NAMES.search(name)}
    found |= {password_of(value) for value in os.environ.values()}
    for name in Settings.model_fields:
        value = getattr(s, name)
        text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        password = password_of(text)
        # Of a URL only the password is secret: its host may be shown.
        found |= set(_TOKEN.findall(text))
        found.add(password or ("" if "://" in text or not isinstance(value, SecretStr) else text))
    return frozenset(found - {""})


def _machine_memory() -> int:
    """Return the bytes that this machine, or the container that it is, has."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        return min(pages, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    except (OSError, ValueError):  # no container, or one without a limit
        return pages


@cache
def settings() -> Settings:
    """Return the settings of this process; `settings.cache_clear()` has them read again.

    What else `.env` holds, the secrets of declared sources for one, joins the environment.
    """
    load_dotenv(ENV_FILE)
    file = PROJECT_ROOT / OPENLINEAGE_FILE
    if file.is_file():  # its client looks in the folder that a command was started in
        os.environ.setdefault(OPENLINEAGE_CONFIG, str(file))
    return Settings()
