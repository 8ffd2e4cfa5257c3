"""`platform-assets exposures`: every report as a dbt exposure."""

import click


@click.command()
def exposures() -> None:
    """Write dbt/models/exposures.yml: every report as an exposure, with the models that it reads.

    `platform-assets check` says when it has to be written anew: after a report was added, renamed,
    or reads another table. dbt's documentation and `dbt ls --select +exposure:NAME` then know it.

    \b
    Example:
      platform-assets exposures && git add dbt/models/exposures.yml
    """
    from platform_assets.components import report_checks
    from platform_assets.reporting.exposures import FILE
    from resources.dbt import DbtProject

    project = DbtProject.from_settings()
    path = project.folder / FILE
    path.write_text(report_checks.exposures(project.manifest()), encoding="utf-8")
    click.echo(f"  {click.style('written', fg='green')}  {project.folder.name}/{FILE}")
