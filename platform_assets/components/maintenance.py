"""Maintenance: the upkeep of the lake and of Dagster's storage, as assets on schedules.

What belongs here: what can be declared, and each job's asset, schedule and metadata. What does not:
the work itself (`resources.warehouse`: `compaction`, `expiry`, `orphans`; `platform_assets.
maintenance`).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import dagster as dg
from pydantic import Field

from platform_assets.components.maintenance_fields import Compact, EventLog, Expire, Job, Orphans
from platform_assets.maintenance import runs, space
from platform_assets.policy import Freshness, duration, line_of, stamp
from platform_assets.reporting import archive
from resources.warehouse import Warehouse, compaction, expiry, orphans

Work = Callable[[dg.DagsterInstance, Warehouse], Mapping[str, Any]]
LAST = {"dagster/priority": "-20"}  # of a run that has other steps


class Maintenance(dg.Component, dg.Model, dg.Resolvable):
    """Four jobs, each an asset `maintenance/<job>` on a schedule that runs from the start."""

    owner: Annotated[str, Field(description="Who answers for it: e-mail or `team:<name>`.")]
    freshness: Annotated[Freshness, Field(description="How old the last run may become.")]
    compact: Annotated[Compact, Field(description="Merges small files.")] = Compact()
    expire: Annotated[Expire, Field(description="Lets go of old snapshots.")] = Expire()
    orphans: Annotated[Orphans, Field(description="Deletes what crashes left.")] = Orphans()
    event_log: Annotated[EventLog, Field(description="Deletes old runs.")] = EventLog()

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """Return the assets and their schedules."""
        file = Path(context.path) / "defs.yaml"
        jobs = [_compact(self.compact), _expire(self.expire), _orphans(self.orphans)]
        jobs.append(_event_log(self.event_log))
        assets = [_asset(job, self.spec(job, file)) for job in jobs]
        return dg.Definitions(assets=assets, schedules=[_schedule(job) for job in jobs])

    def spec(self, job: "Upkeep", file: Path) -> dg.AssetSpec:
        """Return the asset of a job, with what the policy asks of every asset."""
        return stamp(
            dg.AssetSpec(job.key, description=job.description),
            layer="platform",
            domain="platform",
            kinds={job.kind},
            file=file,
            line=line_of(file, rf"^  {job.name}:"),
            owners=[self.owner],
            freshness=(job.declared.freshness or self.freshness).policy(),
            metadata={"title": job.title},
        )


@dataclass(frozen=True)
class Upkeep:
    """One job: what is declared of it, what it does, and what it says of itself.

    Attributes:
        work: does it and returns the metadata.
    """

    name: str
    title: str
    kind: str
    declared: Job
    description: str
    work: Work

    @property
    def key(self) -> dg.AssetKey:
        """The key of its asset."""
        return dg.AssetKey(["maintenance", self.name])


def _asset(job: Upkeep, spec: dg.AssetSpec) -> dg.AssetsDefinition:
    @dg.multi_asset(name=f"maintenance__{job.name}", specs=[spec], op_tags=LAST)
    def maintain(
        context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse]
    ) -> Iterator[dg.MaterializeResult[None]]:
        yield dg.MaterializeResult(
            asset_key=spec.key, metadata=job.work(context.instance, warehouse)
        )

    return maintain


def _schedule(job: Upkeep) -> dg.ScheduleDefinition:
    return dg.ScheduleDefinition(
        name=f"maintenance_{job.name}",
        target=dg.AssetSelection.assets(job.key),
        cron_schedule=job.declared.cron,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=job.description.split("\n\n")[0],
    )


def _compact(said: Compact) -> Upkeep:
    limits = said.limits()

    def work(_: dg.DagsterInstance, warehouse: Warehouse) -> Mapping[str, Any]:
        done = compaction.compact(warehouse, limits)
        return {
            "files_before": done.before.files,
            "files_after": done.after.files,
            "bytes_before": done.before.bytes,
            "bytes_after": done.after.bytes,
            "rows_moved_into_files": done.rows,
            "tables": ", ".join(done.tables) or "none needed it",
        } | ({"left_for_the_next_run": ", ".join(done.left)} if done.left else {})

    return Upkeep(
        "compact",
        "Compact the lake",
        "ducklake",
        said,
        f"Merges small files of the lake: of each table that has more than {said.few} below "
        f"{said.small}, into files of {said.file_size}. Writes files anew of which "
        f"{said.deleted:.0%} of the rows are deleted, and puts small inserts, which the catalog "
        "itself holds, into files.\n\nNo row changes, at no snapshot. Readers do not wait; other "
        "writers wait for one file. The merged files stay on disk until maintenance/expire deletes "
        "them. Beware: a load that runs at the same time may leave files that the next run merges.",
        work,
    )


def _expire(said: Expire) -> Upkeep:
    age, unneeded = duration(said.older_than), duration(said.unneeded_files)

    def work(_: dg.DagsterInstance, warehouse: Warehouse) -> Mapping[str, Any]:
        kept = archive.snapshots_in_use()
        gone = expiry.expire(warehouse, age, kept)
        removed = expiry.clean_up(warehouse, unneeded)
        return {
            "snapshots_removed": gone,
            "snapshots_that_reports_rest_on": len(kept),
            "files_removed": removed.files,
            "bytes_won": removed.bytes,
            "catalog_bytes_won": warehouse.place.shrink(),
        }

    return Upkeep(
        "expire",
        "Expire snapshots",
        "ducklake",
        said,
        f"Lets go of snapshots of the lake that are older than {said.older_than}, and deletes the "
        f"files that no snapshot needs since {said.unneeded_files}.\n\nKept at any age: the "
        "snapshots that a version of a report was made from, what the lake was like "
        f"{said.older_than} ago, and the newest. Beware: a query of a table as it was before that "
        "(`AT (VERSION => …)`) fails from then on.",
        work,
    )


def _orphans(said: Orphans) -> Upkeep:
    age = duration(said.older_than)

    def work(_: dg.DagsterInstance, warehouse: Warehouse) -> Mapping[str, Any]:
        lake = orphans.remove_orphans(warehouse, age)
        left = orphans.remove_leftovers(orphans.temporary(warehouse), age)
        return {
            "files_removed": lake.files + left.files,
            "bytes_won": lake.bytes + left.bytes,
            "files_of_the_lake": lake.files_left,
            "bytes_of_the_lake": lake.bytes_left,
        }

    return Upkeep(
        "orphans",
        "Remove orphans",
        "ducklake",
        said,
        "Deletes files that no snapshot of the lake knows: a load or a model that died between "
        "writing a file and committing it leaves one; and what is left in the folders for "
        f"temporary files. Only what is older than {said.older_than}: no load may take longer."
        "\n\nFails, and deletes nothing, when files are missing that the catalog knows.",
        work,
    )


def _event_log(said: EventLog) -> Upkeep:
    keep = said.keep()

    def work(instance: dg.DagsterInstance, _: Warehouse) -> Mapping[str, Any]:
        before = space.used(instance)
        done = runs.trim(instance, keep)
        space.give_back(instance)
        after = space.used(instance)
        return {
            "runs_removed": done.runs,
            "events_removed": done.events,
            "check_results_removed": done.results,
            "old_runs_kept_for_history": done.kept,
            "bytes_before": before,
            "bytes_after": after,
        }

    return Upkeep(
        "event_log",
        "Trim the event log",
        "dagster",
        said,
        f"Removes runs from Dagster that are older than {said.older_than}, or not among the newest "
        f"{said.runs:,}, with their events and logs.\n\nKept at any age: the runs of the newest "
        f"{said.events} materializations of every asset, and of the newest {said.results} results "
        "of every check. In PostgreSQL the space is used again rather than given back.",
        work,
    )
