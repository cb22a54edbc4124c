"""What no import linter sees: that the pure modules read no clock, and that a kind only describes its requests."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parent.parent
BOT = ROOT / "bot"
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]


def files_of(module: str) -> list[str]:
    """The files of a module or of everything in a package, as paths from the root."""
    path = ROOT.joinpath(*module.split("."))
    found = path.rglob("*.py") if path.is_dir() else [path.with_suffix(".py")]
    return sorted(file.relative_to(ROOT).as_posix() for file in found)


PURE = [
    file
    for contract in CONTRACTS
    if contract["id"] == "pure"
    for m in contract["source_modules"]
    for file in files_of(m)
]
KINDS = [file for file in files_of("bot.kinds") if not file.endswith("__init__.py")]
ALL = files_of("bot")

# A library that is known in one place only can be replaced there.
HOMES = {
    "alembic": "bot/store/migrations/",
    "dotenv": "bot/config/envfile.py",
    "feedparser": "bot/feeds/parse.py",
    "holidays": "bot/feeds/rhythm.py",
    "typer": "bot/cli/",
}

CLOCKS = {
    "date.today",
    "datetime.now",
    "datetime.today",
    "datetime.utcnow",
    "time.monotonic",
    "time.perf_counter",
    "time.time",
    "time.time_ns",
}
CHANCE = {"random", "secrets", "uuid.uuid1", "uuid.uuid4"}
REQUESTS = {"httpx.Request", "httpx.Response", "httpx.URL", "httpx.QueryParams", "httpx.Headers"}


def imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Each name that a module's imports bind, and the full name of what it stands for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                yield alias.asname or top, alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def dotted(node: ast.expr) -> str:
    """The dotted name that an expression spells, or nothing."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (owner := dotted(node.value)):
        return f"{owner}.{node.attr}"
    return ""


def used(source: str) -> set[str]:
    """The full names of everything that a module imports or reaches through what it imports."""
    tree = ast.parse(source)
    names = dict(imported(tree))
    reached = {spelled for node in ast.walk(tree) if isinstance(node, ast.Attribute) and (spelled := dotted(node))}
    split = (spelled.partition(".") for spelled in reached)
    return {*names.values(), *(f"{names.get(first, first)}.{rest}" for first, _, rest in split)}


def within(names: set[str], forbidden: set[str]) -> set[str]:
    """Those names that are one of the forbidden, belong to one, or end in one (`datetime.datetime.now`)."""
    return {name for name in names for bad in forbidden if f".{bad}." in f".{name}."}


def names_in(path: str) -> set[str]:
    return used((ROOT / path).read_text("utf-8"))


@pytest.mark.parametrize("path", PURE)
def test_what_decides_reads_no_clock_and_throws_no_dice(path: str) -> None:
    assert not within(names_in(path), CLOCKS | CHANCE)


@pytest.mark.parametrize("path", KINDS)
def test_a_kind_only_describes_its_requests(path: str) -> None:
    names = {name for name in names_in(path) if name.startswith("httpx.")}
    assert {".".join(name.split(".")[:2]) for name in names} <= REQUESTS


GRAPH = grimp.build_graph("bot")
LONGEST_KIND = 150


def own_modules(graph: grimp.ImportGraph, kind: str) -> set[str]:
    """A kind's module with every module that only it, or what is its own, imports."""
    own = {kind}
    while more := {
        imported
        for module in own
        for imported in graph.find_modules_directly_imported_by(module) - own
        if graph.find_modules_that_directly_import(imported) <= own
    }:
        own |= more
    return own


@pytest.mark.parametrize("path", KINDS)
def test_a_kind_with_everything_only_it_imports_is_short(path: str) -> None:
    own = own_modules(GRAPH, path.removesuffix(".py").replace("/", "."))
    lines = {module: len((ROOT / f"{module.replace('.', '/')}.py").read_text("utf-8").splitlines()) for module in own}
    assert sum(lines.values()) <= LONGEST_KIND, lines


def test_what_only_one_kind_imports_counts_as_its_own() -> None:
    graph = grimp.ImportGraph()
    for module in ("kinds.one", "kinds.two", "shared", "only_one", "below_only_one"):
        graph.add_module(module)
    pairs = (
        ("kinds.one", "shared"),
        ("kinds.two", "shared"),
        ("kinds.one", "only_one"),
        ("only_one", "below_only_one"),
    )
    for importer, imported in pairs:
        graph.add_import(importer=importer, imported=imported)
    assert own_modules(graph, "kinds.one") == {"kinds.one", "only_one", "below_only_one"}


@pytest.mark.parametrize("library", HOMES)
def test_a_library_has_one_home(library: str) -> None:
    users = {path for path in ALL if any(f"{name}.".startswith(f"{library}.") for name in names_in(path))}
    assert users
    assert not {path for path in users if not path.startswith(HOMES[library])}


@pytest.mark.parametrize(
    "source",
    [
        "import datetime\ndatetime.datetime.now()",
        "from datetime import datetime\ndatetime.now()",
        "from datetime import datetime as dt\ndt.utcnow()",
        "import datetime as d\nd.date.today()",
        "from time import time",
        "import time as t\nt.time()",
        "import random",
        "from uuid import uuid4",
    ],
)
def test_each_way_to_a_clock_or_to_chance_is_seen(source: str) -> None:
    assert within(used(source), CLOCKS | CHANCE)


@pytest.mark.parametrize(
    "source", ["from datetime import datetime, UTC\ndatetime.fromtimestamp(0, UTC)", "import uuid\nuuid.uuid5"]
)
def test_what_gives_the_same_each_time_is_no_clock(source: str) -> None:
    assert not within(used(source), CLOCKS | CHANCE)
