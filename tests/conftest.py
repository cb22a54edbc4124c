"""What holds for every test: no surprises from the machine's environment, and no network beyond the machine itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import certifi
import pytest
from hypothesis import HealthCheck, settings

from tests.postgres import Server, shared

# How long an example takes depends on what else the machine does, so it is no reason to fail. Everywhere but in CI,
# Hypothesis looks for new counterexamples each time.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=40)
settings.register_profile("any", PATIENT)
settings.register_profile("ci", PATIENT, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "any")

KEPT = ("DELEBOT_SCHEMAS", "DELEBOT_REAL", "DELEBOT_TEST_POSTGRES")
for name in [name for name in os.environ if name.startswith("DELEBOT_") and name not in KEPT]:
    del os.environ[name]


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The one PostgreSQL of this run of the tests, whose workers share the directory above their own."""
    place = tmp_path_factory.getbasetemp()
    with shared((place.parent if "PYTEST_XDIST_WORKER" in os.environ else place) / "postgres") as server:
        yield server


@pytest.fixture
def database_url(postgres: Server) -> Iterator[str]:
    """An empty database on it, for one test."""
    url = postgres.create()
    yield url
    postgres.drop(url)


@pytest.fixture(scope="session")
def made_ready(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database with all our tables, of which each test gets a copy: that is quicker than making them."""
    from bot.store.database import open_store
    from bot.wake.engine import bring_up

    name = f"ready_{os.getpid()}"
    url = postgres.create(name)
    store = open_store(tmp_path_factory.mktemp("state"), url)
    store.write_now(bring_up)
    store.close()
    yield name
    postgres.drop(url)


@pytest.fixture
def ready_url(postgres: Server, made_ready: str) -> Iterator[str]:
    """A database on it with our tables and nothing in them, for one test."""
    url = postgres.create(like=made_ready)
    yield url
    postgres.drop(url)


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> str:
    """Where the state is, for what holds of both databases: empty for a file of the directory, or the address."""
    url: str = "" if request.param == "sqlite" else request.getfixturevalue("ready_url")
    return url


@pytest.fixture(scope="session", autouse=True)
def one_authority(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Trust one authority in place of the system's hundreds: to read them all takes most of the time of a run."""
    first, end, _ = Path(certifi.where()).read_text("utf-8").partition("-----END CERTIFICATE-----")
    path = tmp_path_factory.mktemp("trusted") / "authority.pem"
    path.write_text(f"{first}{end}\n")
    os.environ["SSL_CERT_FILE"] = str(path)


def is_here(host: object) -> bool:
    """Whether that host is this machine; a name other than localhost would have to be asked of a resolver."""
    name = host.decode() if isinstance(host, bytes) else str(host or "")
    if name in {"", "localhost"}:
        return True
    try:
        address = ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def stay_here(event: str, args: tuple[object, ...]) -> None:
    """Stop whatever would leave the machine, by whichever library; a path is a socket of this machine."""
    if event in {"socket.connect", "socket.sendto"}:
        target = args[1]
        if isinstance(target, tuple) and not is_here(target[0]):
            raise AssertionError(f"a test tried to reach {target[0]}")
    elif event == "socket.getaddrinfo" and not is_here(args[0]) and not _is_literal(args[0]):
        raise AssertionError(f"a test tried to look up {args[0]!r}")


def _is_literal(host: object) -> bool:
    """Whether that host is an address already, so that looking it up asks nobody."""
    try:
        ip_address(host.decode() if isinstance(host, bytes) else str(host))
    except ValueError:
        return False
    return True


sys.addaudithook(stay_here)
