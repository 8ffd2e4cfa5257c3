"""The console script `platform-assets`: finds a command, runs it, and words its errors.

Thin, and lazy: a command's module is imported when the command is asked for.
"""

import importlib
import signal
import sys
import warnings

import click

from platform_assets.commands.complaint import complain
from resources.errors import PlatformError
from resources.secrets import shown

COMMANDS = {
    "up": "platform_assets.commands.up:up",
    "materialize": "platform_assets.commands.materialize:materialize",
    "demo": "platform_assets.commands.demo:demo",
    "sample": "platform_assets.sample.command:sample",
    "query": "platform_assets.commands.query:query",
    "export": "platform_assets.commands.export:export",
    "new": "platform_assets.commands.new:new",
    "preview": "platform_assets.commands.preview:preview",
    "exposures": "platform_assets.commands.exposures:exposures",
    "impact": "platform_assets.commands.impact:impact",
    "dbt": "platform_assets.commands.dbt:dbt",
    "migrate": "platform_assets.commands.migrate:migrate",
    "check": "platform_assets.commands.check:check",
    "serve": "platform_assets.commands.serve:serve",
    "worker": "platform_assets.commands.worker:worker",
    "health": "platform_assets.commands.health:health",
}
INTERRUPTED = 130  # what a shell reports for Ctrl-C


class LazyGroup(click.Group):
    """A group whose commands are imported by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order in which a new user needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="platform-assets")
def cli() -> None:
    """A data platform: files and databases in, tested tables and reports out, all of it assets.

    Settings come from the environment or `.env`, each named PLATFORM_…: README.md lists them.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run one command; exit with 0, 1 (an asset or check failed), 2 (an error) or 130."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A script's `&` starts us so; Dagster does on SIGTERM what is done on SIGINT, and would
        # never end.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code; errors for people are printed, not raised."""
    warnings.filterwarnings("ignore", module=r"dagster\b")  # its own use of its own beta features
    try:
        result = cli.main(arguments, prog_name="platform-assets", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except PlatformError as error:
        complain(error)
        return 2
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("\nInterrupted.", err=True)
        return INTERRUPTED
    except ValueError as error:
        message = _wrong_setting(error)
        if message is None:
            raise
        hint = "README.md lists the settings; they come from the environment or .env."
        complain(PlatformError(message, hint=hint))
        return 2


def _wrong_setting(error: ValueError) -> str | None:
    """Return the words for a setting that does not validate; None for any other error."""
    from pydantic import ValidationError

    if not isinstance(error, ValidationError) or error.title != "Settings":
        return None
    return "\n".join(
        f"PLATFORM_{'_'.join(map(str, e['loc'])).upper()}={shown(str(e['input']))}: {e['msg']}."
        for e in error.errors()
    )


if __name__ == "__main__":
    main()
