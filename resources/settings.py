"""The only reader of the environment: every setting, its default and its meaning.

What belongs here: names, defaults, units and validation of settings. What does not: opening
anything that a setting names; that is the work of the room that uses it.
"""

import os
from functools import cache
from pathlib import Path

from dotenv import load_dotenv
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT_ROOT = Path(__file__).resolve().parent.parent
ENV_FILE = PROJECT_ROOT / ".env"


class Settings(BaseSettings):
    """Settings of the platform, from the environment or `.env`, each with the prefix `PLATFORM_`.

    Paths that are not absolute are taken from the project's folder, so that a command means the
    same wherever it is started.
    """

    model_config = SettingsConfigDict(env_prefix="PLATFORM_", env_file=ENV_FILE, extra="ignore")

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
        description="Warehouse: `ducklake:///<folder>`. Default: `warehouse/` in the data folder.",
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

    @property
    def landing(self) -> str:
        """URL or absolute folder of the landing zone."""
        if not self.landing_url:
            return str(self.data / "landing")
        if "://" in self.landing_url:
            return self.landing_url
        return str(self.path(Path(self.landing_url)))

    @property
    def warehouse(self) -> str:
        """URL of the warehouse, with an absolute folder."""
        return self.warehouse_url or f"ducklake:///{self.data / 'warehouse'}"

    @property
    def model_memory(self) -> str:
        """Memory for building models, in DuckDB's notation.

        A first build sorts all history at once, and what it gathers for a session can't be spilled.
        """
        megabytes = max(_machine_memory() // 2 // 10**6, 2_000)
        return self.model_memory_limit or f"{megabytes}MB"


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
    return Settings()
