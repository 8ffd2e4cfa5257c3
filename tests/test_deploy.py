"""The reference deployment: each file passes its own validator, and names what there is."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import kubernetes_validate
import pytest
import yaml
from pydantic import AliasChoices

from platform_assets.cli import COMMANDS, cli
from resources.settings import PROJECT_ROOT, Settings

DEPLOY = PROJECT_ROOT / "deploy"
COMPOSE = DEPLOY / "compose.yaml"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
KUSTOMIZATION = "kustomization.yaml"
PARTS = {"code", "web", "daemon", "worker"}
ONCE = {"first"}  # ends when its work is done
# What OpenLineage's own client reads, and an installation needs.
OF_OPENLINEAGE = {"OPENLINEAGE_URL", "OPENLINEAGE_API_KEY", "OPENLINEAGE_DISABLED"}
MOVING = "of `platform-assets migrate`, which runs on the one machine that is moved from"
BUILT = "the image is built from it: whoever has another one builds another image"
# Settings that an installation is not offered, and why.
LEFT_OUT = {
    "data_dir": "the image says it, because volumes are mounted there",
    "defs_module": BUILT,
    "dbt_dir": BUILT,
    "migrate_to": MOVING,
    "migrate_history_to": MOVING,
    "migrate_records_to": MOVING,
    "migrate_lineage_to": MOVING,
    "s3_token": "it ends after hours, and the environment of a container stays as it is",
}
# One that belongs to what comes with it: the Compose file's own servers.
OF_COMPOSE = {"s3_endpoint", "s3_region", "landing_url", "reports_url", "dagster_url",
              "warehouse_url", "queue_url"}  # fmt: skip
WORKLOADS = {"Deployment", "Job"}


def compose() -> dict[str, Any]:
    found = yaml.safe_load(COMPOSE.read_text())
    assert isinstance(found, dict)
    return found


def documents() -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in MANIFESTS:
        if path.name != KUSTOMIZATION:
            for document in yaml.safe_load_all(path.read_text()):
                yield path, document


def containers() -> dict[str, dict[str, Any]]:
    """Return part → container of every Deployment."""
    return {
        container["name"]: container
        for _, document in documents()
        if document["kind"] in WORKLOADS
        for container in document["spec"]["template"]["spec"]["containers"]
    }


def variables() -> dict[str, set[str]]:
    """Return the variables that each setting is read from."""
    found = {}
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        if isinstance(alias, AliasChoices):
            found[name] = {str(choice) for choice in alias.choices}
        else:
            found[name] = {str(alias) if alias else f"PLATFORM_{name.upper()}"}
    return found


def known_settings() -> set[str]:
    """Return the variables that the platform reads."""
    return set.union(*variables().values()) | OF_OPENLINEAGE


def lines_of(path: Path) -> dict[str, str]:
    """Return what a file of variables sets, or offers in a comment."""
    return dict(re.findall(r"^(?:# )?([A-Z][A-Z0-9_]+)=(.*)$", path.read_text(), re.M))


def offered() -> dict[str, dict[str, str]]:
    """Return, of each way to install the platform, what can be set and to what it is, or could be.

    Lines in comments are taken as if nothing stood before them.
    """
    platform = compose()["x-platform"]
    assert platform["env_file"] == [{"path": ".env", "required": False}]
    settings = DEPLOY / "kubernetes" / "settings.yaml"
    whole = re.sub(r"^  # ([A-Z][A-Z0-9_]+: )", r"  \1", settings.read_text(), flags=re.M)
    document = yaml.safe_load(whole)
    kubernetes_validate.validate(document, "1.37", strict=True)
    return {
        "compose": {**platform["environment"], **lines_of(DEPLOY / "env.example")},
        "kubernetes": {
            **document["data"],
            **lines_of(DEPLOY / "kubernetes" / "servers.env.example"),
        },
    }


def parses(arguments: list[str]) -> bool:
    """Whether `platform-assets <arguments>` is a command with options that it has."""
    group: click.Command = cli
    rest = list(arguments)
    while isinstance(group, click.Group):
        name = rest.pop(0)
        found = group.get_command(click.Context(group), name)
        assert found is not None, f"no command {name!r}; there are {list(COMMANDS)}"
        group = found
    group.make_context(group.name, rest)
    return True


def test_the_compose_file_passes_its_schema() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*command, COMPOSE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_compose_itself_takes_the_file_where_it_is_installed(tmp_path: Path) -> None:
    docker = shutil.which("docker")
    version = [docker or "", "compose", "version"]
    if not docker or subprocess.run(version, capture_output=True, check=False).returncode:
        pytest.skip("docker compose is not installed: its schema is checked above")
    filled = tmp_path / "env"
    filled.write_text((DEPLOY / "env.example").read_text().replace("=\n", "=chosen\n"))
    command = [docker, "compose", "--env-file", filled, "-f", COMPOSE, "config", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", [p for p in MANIFESTS if p.name != KUSTOMIZATION], ids=str)
def test_every_manifest_is_what_kubernetes_takes(path: Path) -> None:
    for document in yaml.safe_load_all(path.read_text()):
        kubernetes_validate.validate(document, "1.37", strict=True)


def test_kustomize_is_given_every_manifest() -> None:
    listed = yaml.safe_load((DEPLOY / "kubernetes" / KUSTOMIZATION).read_text())
    assert sorted(listed["resources"]) == [p.name for p in MANIFESTS if p.name != KUSTOMIZATION]
    images = {container["image"] for container in containers().values()}
    assert images == {image["name"] for image in listed["images"]}


def test_every_setting_that_is_named_is_one() -> None:
    named = set()
    for service in compose()["services"].values():
        if str(service["image"]).startswith("platform-assets"):
            named |= set(service["environment"])
    for _, document in documents():
        if document["kind"] == "ConfigMap":
            named |= set(document["data"])
    named |= {name for each in offered().values() for name in each}
    named -= {"POSTGRES_PASSWORD", "REDIS_PASSWORD"}  # of the servers that Compose brings
    texts = [path.read_text() for path in DEPLOY.rglob("*") if path.is_file()]
    named |= {name for text in texts for name in re.findall(r"\bPLATFORM_[A-Z_]+\b", text)}
    assert len(named) > 8
    assert named - known_settings() == set()


@pytest.mark.parametrize("way", ["compose", "kubernetes"])
def test_every_setting_can_be_set_or_is_left_out_for_a_reason(way: str) -> None:
    can = set(offered()[way])
    missing = {name for name, names in variables().items() if not names & can}
    assert missing == set(LEFT_OUT)
    assert can >= OF_OPENLINEAGE


def test_what_is_fixed_is_what_comes_with_it() -> None:
    fixed = set(compose()["x-platform"]["environment"])
    names = {name for name, each in variables().items() if each & fixed}
    assert names == OF_COMPOSE | {"s3_key", "s3_secret"}, "all else follows deploy/.env"


@pytest.mark.parametrize("way", ["compose", "kubernetes"])
def test_what_is_offered_is_what_the_platform_takes(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for names in variables().values():
        for name in names:
            monkeypatch.delenv(name, raising=False)
    default = Settings(_env_file=None)  # type: ignore[call-arg]
    for name, value in offered()[way].items():
        monkeypatch.setenv(name, str(value))
    found = Settings(_env_file=None)  # type: ignore[call-arg]
    assert found.user_header and found.lineage_key and found.openlineage_configured is False
    monkeypatch.delenv("OPENLINEAGE_DISABLED")
    assert found.openlineage_configured
    for name in Settings.model_fields:
        if isinstance(getattr(default, name), int | float):  # also whether usage is recorded
            assert getattr(found, name) == getattr(default, name), name


def test_every_command_is_one_of_ours() -> None:
    services = {n: s for n, s in compose()["services"].items() if n in PARTS | ONCE}
    assert set(services) == set(containers()) == PARTS | ONCE
    for name, service in services.items():
        assert parses(service["command"])
        if name in ONCE:
            continue
        probe = service["healthcheck"]["test"]
        assert probe[:2] == ["CMD", "platform-assets"] and parses(probe[2:])
    for container in containers().values():
        assert parses(container["args"])
        for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
            command = container.get(kind, {}).get("exec", {}).get("command", [])
            assert not command or (command[0] == "platform-assets" and parses(command[1:]))
    image = (DEPLOY / "Dockerfile").read_text()
    [command] = re.findall(r"^CMD (\[.*\])$", image, re.M)
    assert parses(yaml.safe_load(command))


def test_parts_find_each_other_under_the_names_that_they_have() -> None:
    services = {d["metadata"]["name"] for _, d in documents() if d["kind"] == "Service"}
    for part in ("web", "daemon"):
        host, _, port = containers()[part]["args"][-1].partition(":")
        assert host in services and port == "4000"
        host, _, port = compose()["services"][part]["command"][-1].partition(":")
        assert host in compose()["services"] and port == "4000"


def test_what_is_mounted_and_asked_for_is_there() -> None:
    claims = {d["metadata"]["name"] for _, d in documents() if d["kind"].endswith("VolumeClaim")}
    text = "\n".join(path.read_text() for path in MANIFESTS)
    assert set(re.findall(r"claimName: (\S+)", text)) == claims
    maps = {d["metadata"]["name"] for _, d in documents() if d["kind"] == "ConfigMap"}
    assert set(re.findall(r"configMapRef:\n\s+name: (\S+)", text)) == maps
    needed = set(re.findall(r"(?<!\$)\$\{(\w+)", COMPOSE.read_text()))
    example = set(re.findall(r"^(\w+)=", (DEPLOY / "env.example").read_text(), re.M))
    assert needed == example
    for source in re.findall(r"^COPY (?!--from)(.+) \S+$", _dockerfile(), re.M):
        assert all((PROJECT_ROOT / name).exists() for name in source.split())


def _dockerfile() -> str:
    return (DEPLOY / "Dockerfile").read_text()


def test_images_have_a_version_and_nobody_is_root() -> None:
    images = [s["image"] for s in compose()["services"].values()]
    images += re.findall(r"^FROM (\S+)", _dockerfile(), re.M)
    for image in images:
        assert re.search(r":v?\d+\.\d+(\.\d+)?(-\w+)*$", image), image
    assert re.search(r"^USER 10001:10001$", _dockerfile(), re.M)
    for _, document in documents():
        if document["kind"] in WORKLOADS:
            pod = document["spec"]["template"]["spec"]
            assert pod["securityContext"]["runAsNonRoot"]
            assert pod["securityContext"]["runAsUser"] == 10001
            assert all(c["resources"]["limits"]["memory"] for c in pod["containers"])
