"""A dbt project of a few models, with the platform's macros: what a model can be on Spark.

What belongs here: writing models, running them, what came of each. What does not: the platform's
own models, which `tests/engines` builds on every engine.
"""

import os
from pathlib import Path
from typing import Any

import yaml
from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.main import dbtRunner

from resources.dbt import environment, prepare_adapter
from resources.settings import PROJECT_ROOT
from resources.warehouse import Warehouse


class SmallProject:
    """A project in a folder of its own; its tables go into the lake of the settings."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.warehouse = Warehouse.from_settings()
        (folder / "models").mkdir(parents=True)
        (folder / "seeds").mkdir()
        dbt = PROJECT_ROOT / "dbt"
        project = {
            "name": "platform",
            "version": "1.0",
            "profile": "platform",
            "config-version": 2,
            "macro-paths": [str(dbt / "macros")],
            "models": {"platform": {"+materialized": "table"}},
        }
        (folder / "dbt_project.yml").write_text(yaml.safe_dump(project))

    def write(self, model: str, sql: str) -> None:
        """Write a model, or write it anew."""
        (self.folder / "models" / f"{model}.sql").write_text(sql)

    def say(self, **said: Any) -> None:
        """Write what is said of the models: contracts, tests, unit tests."""
        (self.folder / "models" / "said.yml").write_text(yaml.safe_dump({"version": 2, **said}))

    def seed(self, name: str, csv: str) -> None:
        """Write a seed."""
        (self.folder / "seeds" / f"{name}.csv").write_text(csv)

    def run(self, command: str = "build", *flags: str) -> dict[str, str]:
        """Run dbt; return of each node `success`, `pass` or its status and message."""
        os.environ.update(environment())
        prepare_adapter()
        self.warehouse.connect().close()
        done = dbtRunner().invoke(
            [
                *("--quiet", "--log-path", str(self.folder / "logs"), command),
                *("--project-dir", str(self.folder), "--profiles-dir", str(PROJECT_ROOT / "dbt")),
                *("--target-path", str(self.folder / "target"), *flags),
            ]
        )
        assert isinstance(done.result, RunExecutionResult), done.exception
        return {
            r.node.name: str(r.status)
            if r.status in ("success", "pass")
            else f"{r.status}: {r.message}"
            for r in done.result.results
        }

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query, as DuckDB reads the lake."""
        with self.warehouse.reading() as connection:
            return connection.execute(sql).fetchall()

    def files(self) -> set[str]:
        """Return the files that Spark has left below the lake's data path."""
        folder = Path(self.warehouse.data_path) / "spark"
        return {str(path) for path in folder.rglob("*") if path.is_file()}

    def known_files(self) -> set[str]:
        """Return the files that the lake's catalog knows, of any snapshot."""
        return {
            row[0]
            for row in self.rows(
                "SELECT path FROM __ducklake_metadata_lake.ducklake_data_file "
                "WHERE NOT path_is_relative"
            )
        }
