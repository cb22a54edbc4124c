"""The deployment examples are valid by their schemas, and fit the image, the commands and the configuration."""

from __future__ import annotations

import os
import re
import shlex
import stat
import subprocess
import tomllib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import typer
from check_jsonschema.builtin_schemas import get_builtin_schema
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from bot.cli import app
from bot.config.load import load
from bot.daemon import PATIENCE

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "config/kubernetes"
OLDEST = "1.27"  # What is used of Kubernetes came no later.
ENDS_WITHIN = PATIENCE + 6  # As `bot.daemon` says of its patience.
GROUP = typer.main.get_command(app)
COMMANDS: dict[str, typer.core.TyperCommand] = getattr(GROUP, "commands", {})


def documents(path: Path) -> list[dict[str, Any]]:
    """What a file of YAML holds; a key that is given twice is an error."""
    reader = YAML(typ="safe", pure=True)
    # In the YAML that compose and Kubernetes read, 0440 is a file's mode.
    reader.version = (1, 1)
    return list(reader.load_all(path.read_text("utf-8")))


COMPOSE = documents(ROOT / "compose.yaml")[0]
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
REPLICAS = {name: service for name, service in SERVICES.items() if service["image"] == "delebot"}
DATABASE = SERVICES["database"]
OBJECTS = {(one["kind"], one["metadata"]["name"]): one for path in sorted(FOLDER.iterdir()) for one in documents(path)}
DEPLOYMENT = OBJECTS["Deployment", "delebot"]["spec"]
POD = DEPLOYMENT["template"]["spec"]
(CONTAINER,) = POD["containers"]
MOUNTS: dict[str, dict[str, Any]] = {mount["mountPath"]: mount for mount in CONTAINER["volumeMounts"]}
VOLUMES: dict[str, dict[str, Any]] = {volume["name"]: volume for volume in POD["volumes"]}


def dockerfile(instruction: str) -> list[list[str]]:
    """The words of each such instruction of the Dockerfile."""
    text = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    found = re.findall(rf"^{instruction} (.*)$", text, re.MULTILINE)
    return [shlex.split(line.replace("[", "").replace("]", "").replace(",", " ")) for line in found]


IMAGE_ENVIRONMENT = dict(word.split("=", 1) for word in chain(*dockerfile("ENV")))
((USER,),) = dockerfile("USER")


def seconds(duration: str) -> int:
    """How long a compose file's duration is."""
    match = re.fullmatch(r"(\d+)(s|m)", duration)
    assert match, duration
    return int(match[1]) * {"s": 1, "m": 60}[match[2]]


def is_a_command(words: list[str]) -> bool:
    """Whether the command line takes these words; it says why when it doesn't."""
    assert words[0] == "delebot"
    COMMANDS[words[1]].make_context(words[1], words[2:]).close()
    return True


# --- By their schemas ----------------------------------------------------------------------------------------------


def complaints(compose: dict[str, Any]) -> list[str]:
    found = Draft202012Validator(get_builtin_schema("vendor.compose-spec")).iter_errors(compose)
    return [f"{error.json_path}: {error.message}" for error in found]


def test_the_compose_file_is_one() -> None:
    assert complaints(COMPOSE) == []


def test_a_key_that_compose_does_not_know_is_seen() -> None:
    assert complaints({"services": {"replica-1": {"image": "delebot", "stop_grace_periode": "25s"}}}) != []


@pytest.mark.parametrize("version", [OLDEST, kubernetes_validate.latest_version()])
@pytest.mark.parametrize("name", OBJECTS, ids="-".join)
def test_each_manifest_is_what_kubernetes_takes(name: tuple[str, str], version: str) -> None:
    assert kubernetes_validate.validate(OBJECTS[name], version, strict=True)


def test_a_key_that_kubernetes_does_not_know_is_seen() -> None:
    wrong = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "delebot"}, "date": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, OLDEST, strict=True)


def test_kubectl_can_apply_the_whole_folder() -> None:
    assert {path.suffix for path in FOLDER.iterdir()} == {".yaml"}
    assert all(one["apiVersion"] and one["metadata"]["name"] for one in OBJECTS.values())


# --- Compose and the image -----------------------------------------------------------------------------------------


def test_compose_runs_two_replicas_that_differ_in_name_and_state_only() -> None:
    assert len(REPLICAS) == 2
    states = [next(v for v in service["volumes"] if v.endswith(":/data")) for service in REPLICAS.values()]
    assert len(set(states)) == 2 and all(state.partition(":")[0] in COMPOSE["volumes"] for state in states)
    assert all(service["hostname"] == name for name, service in REPLICAS.items())
    own = {"build", "hostname", "volumes"}
    first, second = ({k: v for k, v in service.items() if k not in own} for service in REPLICAS.values())
    assert first == second


def test_the_image_has_extras_that_there_are_and_among_them_the_driver() -> None:
    there = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"].keys()
    (asked,) = re.findall(r"'\.\[(.*)\]'", (ROOT / "Dockerfile").read_text("utf-8"))
    assert "postgres" in asked.split(",") and set(asked.split(",")) <= there


def test_one_service_builds_the_image_that_all_replicas_have() -> None:
    assert [service["build"] for service in REPLICAS.values() if "build" in service] == ["."]
    built = re.findall(r"docker build -t (\S+) \.", (ROOT / "Dockerfile").read_text("utf-8"))
    assert built == ["delebot"]


@pytest.mark.parametrize("name", REPLICAS)
def test_a_replica_of_compose_finds_what_the_image_expects(name: str) -> None:
    service = REPLICAS[name]
    volumes: list[str] = service["volumes"]
    targets = {target: (source, mode) for source, target, *mode in (v.split(":") for v in volumes)}
    assert targets[IMAGE_ENVIRONMENT["DELEBOT_CONFIG"]] == ("./config", ["ro"])
    assert targets[IMAGE_ENVIRONMENT["DELEBOT_STATE"]][0].startswith("state-")
    assert service["read_only"] and service["cap_drop"] == ["ALL"]


@pytest.mark.parametrize("name", REPLICAS)
def test_a_replica_of_compose_is_asked_whether_it_lives_as_the_image_says(name: str) -> None:
    (words,) = dockerfile("HEALTHCHECK")
    options, command = words[: words.index("CMD")], words[words.index("CMD") + 1 :]
    check = REPLICAS[name]["healthcheck"]
    given = {option.removeprefix("--").replace("-", "_"): value for option, value in (o.split("=") for o in options)}
    assert check == {"test": ["CMD", *command], **given}
    assert is_a_command(check["test"][1:])


@pytest.mark.parametrize("name", REPLICAS)
def test_compose_waits_longer_than_delebot_does(name: str) -> None:
    assert seconds(REPLICAS[name]["stop_grace_period"]) > ENDS_WITHIN


def guarded(folder: Path, bot_env: str | None) -> tuple[int, str, str]:
    """How a replica's entry point ends, beside a `delebot` that only repeats its arguments."""
    if bot_env is not None:
        (folder / "bot.env").write_text(bot_env, encoding="utf-8")
    command = folder / "delebot"
    command.write_text('#!/bin/sh\necho "$0 $@"\n', encoding="utf-8")
    command.chmod(0o700)
    service = REPLICAS["replica-1"]
    words = [word.replace("$$", "$").replace("/config", str(folder)) for word in service["entrypoint"]]
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
    done = subprocess.run([*words, *service["command"]], env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("line", ["DATABASE_URL_FILE=/run/secrets/database-url", "DATABASE_URL=${DATABASE_URL}"])
def test_a_replica_starts_when_it_is_given_a_database(line: str, tmp_path: Path) -> None:
    assert guarded(tmp_path, f"LANGUAGE=nb\n{line}\n") == (0, f"{tmp_path}/delebot run\n", "")
    assert is_a_command(["delebot", *REPLICAS["replica-1"]["command"]])


@pytest.mark.parametrize("text", [None, "", "#DATABASE_URL=postgresql://a/b\n"])
def test_replicas_that_would_each_have_a_database_of_their_own_do_not_start(text: str | None, tmp_path: Path) -> None:
    code, said, complaint = guarded(tmp_path, text)
    assert (code, said) == (2, "") and complaint.count("\n") == 1 and "DATABASE_URL" in complaint


def test_the_secrets_of_compose_are_declared_and_are_where_they_are_looked_for() -> None:
    used = {secret for service in SERVICES.values() for secret in service["secrets"]}
    assert used == COMPOSE["secrets"].keys()
    assert DATABASE["environment"]["POSTGRES_PASSWORD_FILE"] == f"/run/secrets/{DATABASE['secrets'][0]}"
    assert all(f"/run/secrets/{service['secrets'][0]}" in str(service["entrypoint"]) for service in REPLICAS.values())


def test_nothing_of_it_is_kept_in_git_or_sent_into_the_image() -> None:
    folders = {Path(secret["file"]).parts[0] for secret in COMPOSE["secrets"].values()}
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert folders and all(f"/{folder}/" in ignored for folder in folders)
    assert (ROOT / ".dockerignore").read_text("utf-8").splitlines()[1] == "*"


def test_the_database_is_reached_from_within_only() -> None:
    assert "ports" not in DATABASE
    assert re.fullmatch(r"docker\.io/library/postgres:\d+", DATABASE["image"])
    assert all(service["depends_on"] == {"database": {"condition": "service_healthy"}} for service in REPLICAS.values())
    names = {DATABASE["environment"]["POSTGRES_USER"], DATABASE["environment"]["POSTGRES_DB"]}
    assert names == {word.partition("=")[2] for word in DATABASE["healthcheck"]["test"] if "name=" in word}


def test_the_page_speaks_of_what_is_in_the_compose_file() -> None:
    page = (ROOT / "docs/replicas.md").read_text("utf-8")
    assert set(re.findall(r"\breplica-\d", page)) <= REPLICAS.keys()
    assert {f"secrets/{name}" for name in COMPOSE["secrets"]} <= set(re.findall(r"secrets/[a-z-]+", page))
    volumes, networks = (re.findall(rf"{word} {COMPOSE['name']}_(\w+)", page) for word in ("volume rm", "--network"))
    assert volumes == ["database"] and set(volumes) <= COMPOSE["volumes"].keys() and networks == ["default"]


# --- Kubernetes and the image --------------------------------------------------------------------------------------


def test_kubernetes_runs_two_replicas_and_takes_one_away_at_a_time() -> None:
    labels = DEPLOYMENT["template"]["metadata"]["labels"]
    budget = OBJECTS["PodDisruptionBudget", "delebot"]["spec"]
    spreads = [spread["labelSelector"]["matchLabels"] for spread in POD["topologySpreadConstraints"]]
    assert DEPLOYMENT["replicas"] == 2 and budget["maxUnavailable"] == 1
    assert [DEPLOYMENT["selector"]["matchLabels"], budget["selector"]["matchLabels"], *spreads] == [labels] * 4
    assert DEPLOYMENT["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    # The schemas know no words that are allowed here.
    assert DEPLOYMENT["strategy"]["type"] == "RollingUpdate" and budget["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
    spread = {
        one["topologyKey"].partition("/")[2]: one["whenUnsatisfiable"] for one in POD["topologySpreadConstraints"]
    }
    assert spread == {"hostname": "DoNotSchedule", "zone": "ScheduleAnyway"}


def test_kubernetes_runs_the_image_that_compose_builds() -> None:
    name, _, tag = CONTAINER["image"].rpartition("/")[2].partition(":")
    assert {name} == {service["image"] for service in REPLICAS.values()} and tag not in {"", "latest"}


def test_a_pod_is_the_user_of_the_image_and_may_do_nothing_more() -> None:
    user = POD["securityContext"]
    assert {user["runAsUser"], user["runAsGroup"], user["fsGroup"]} == {int(USER)} and user["runAsNonRoot"]
    allowed = CONTAINER["securityContext"]
    assert allowed == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}
    }  # fmt: skip
    assert POD["automountServiceAccountToken"] is False


def test_a_pod_is_given_longer_than_delebot_takes_to_end() -> None:
    assert POD["terminationGracePeriodSeconds"] > ENDS_WITHIN


@pytest.mark.parametrize("probe", ["startupProbe", "livenessProbe", "readinessProbe"])
def test_a_pod_is_asked_what_delebot_can_answer(probe: str) -> None:
    asked = CONTAINER[probe]
    assert is_a_command(asked["exec"]["command"])
    assert ("--ready" in asked["exec"]["command"]) == (probe == "readinessProbe")
    assert asked["timeoutSeconds"] == 15


def test_what_is_mounted_is_where_the_image_looks_for_it() -> None:
    config, state = IMAGE_ENVIRONMENT["DELEBOT_CONFIG"], IMAGE_ENVIRONMENT["DELEBOT_STATE"]
    assert MOUNTS.keys() == {
        f"{config}/bot.env", f"{config}/feeds", f"{config}/channels", "/run/secrets/delebot", state, "/tmp"
    }  # fmt: skip
    assert {mount["name"] for mount in MOUNTS.values()} == VOLUMES.keys()
    assert {path for path, mount in MOUNTS.items() if not mount.get("readOnly")} == {state, "/tmp"}
    (own,) = CONTAINER["env"]
    assert own["name"] == "DELEBOT_STATE" and Path(own["value"]).is_relative_to(state)


# --- The samples in the manifests ----------------------------------------------------------------------------------


def entries(volume: dict[str, Any]) -> tuple[dict[str, str], int]:
    """The files of a volume made of a ConfigMap or a Secret, and their mode."""
    if source := volume.get("configMap"):
        return OBJECTS["ConfigMap", source["name"]]["data"], source["defaultMode"]
    source = volume["secret"]
    return OBJECTS["Secret", source["secretName"]]["stringData"], source["defaultMode"]


def mounted() -> Iterator[tuple[str, str, int]]:
    """Each file that a pod is given: its path, its text and its mode."""
    for path, mount in MOUNTS.items():
        volume = VOLUMES[mount["name"]]
        if "emptyDir" in volume:
            continue
        files, mode = entries(volume)
        if only := mount.get("subPath"):
            yield path, files[only], mode
        else:
            yield from ((f"{path}/{name}", text, mode) for name, text in files.items())


def as_a_pod_sees_it(folder: Path) -> Path:
    """Write out what a pod is given; what is under /run goes into the same folder."""
    for path, text, mode in mounted():
        file = folder / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace("=/run/", f"={folder}/run/"), encoding="utf-8")
        file.chmod(mode)
    return folder / IMAGE_ENVIRONMENT["DELEBOT_CONFIG"].lstrip("/")


def test_the_samples_are_a_configuration_without_mistake_or_warning(tmp_path: Path) -> None:
    config = load(as_a_pod_sees_it(tmp_path), {})
    assert (config.warnings, config.exposed) == ((), False)
    assert config.feeds.keys() == {"news"} and config.channels.keys() == {"slack", "team"}
    assert config.bot.database_url and config.bot.database_url.get_secret_value().startswith("postgresql")


def test_nobody_but_the_group_can_read_what_is_mounted() -> None:
    assert {mode & (stat.S_IRWXO | stat.S_IRWXG) for _, _, mode in mounted()} == {stat.S_IRGRP}
