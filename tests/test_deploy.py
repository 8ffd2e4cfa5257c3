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


def known_settings() -> set[str]:
    """Return the variables that the platform reads."""
    names = set()
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        if isinstance(alias, AliasChoices):
            names |= {str(choice) for choice in alias.choices}
        else:
            names.add(str(alias) if alias else f"PLATFORM_{name.upper()}")
    return names


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
    texts = [path.read_text() for path in DEPLOY.rglob("*") if path.is_file()]
    named |= {name for text in texts for name in re.findall(r"\bPLATFORM_[A-Z_]+\b", text)}
    assert len(named) > 8
    assert named - known_settings() == set()


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
    variables = set(re.findall(r"(?<!\$)\$\{(\w+)", COMPOSE.read_text()))
    example = set(re.findall(r"^(\w+)=", (DEPLOY / "env.example").read_text(), re.M))
    assert variables == example
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
