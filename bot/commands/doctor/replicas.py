"""The database that replicas share, and the replicas: whether it is reached, has room for them, and they live."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from bot import __version__
from bot.commands.doctor.finding import Finding, Installation, doubtful, right, wrong
from bot.config.fingerprint import fingerprint
from bot.life import is_alive
from bot.model import Mistake
from bot.settings import Config
from bot.store import runs
from bot.store.files import FILE, HEAD

FEW_CONNECTIONS = 20  # About what one replica more needs.
CLOCK_OFF = timedelta(minutes=2)


def server(installation: Installation) -> Iterator[Finding]:
    """Whether the database is reached, has our form, and room for one more replica."""
    url = installation.settings.bot.database if installation.settings else ""
    if not url:
        return
    from bot.store import postgres

    where = postgres.shown(postgres.address(url))
    if (installation.state / FILE).exists():
        remedy = "If it was never moved: delebot migrate. If it was, put it away, so that nobody sends from it"
        yield doubtful("there is a state in a file too, which is not used", installation.state / FILE, remedy)
    try:
        with closing(postgres.store_at(installation.state, postgres.address(url))) as store:
            yield from store.read_now(_server, where)
    except Mistake as trouble:
        yield wrong(trouble.what, where, trouble.remedy)


def _server(connection: Connection, where: str) -> Iterator[Finding]:
    from bot.store import postgres

    version = postgres.version_of(connection)
    if not version:
        return iter([doubtful("the database is empty", where, "It is filled by the first delebot trigger or run")])
    found = [right(f"the database is reached, and has the form {version}", where)]
    if version != HEAD:
        remedy = "It is brought to the new one at the next start: restart the replicas, one after the other"
        found = [doubtful(f"the database has the form of an older version ({version}, not {HEAD})", where, remedy)]
    told = runs.clock(connection)
    if told and abs(told - datetime.now(UTC)) > CLOCK_OFF:
        remedy = "Have both set by the network (NTP); replicas go by that of the database"
        found.append(doubtful("its clock and the one of this machine differ by minutes", where, remedy))
    most = int(connection.exec_driver_sql("SHOW max_connections").scalar_one())
    used = int(connection.exec_driver_sql("SELECT count(*) FROM pg_stat_activity").scalar_one())
    if most - used < FEW_CONNECTIONS:
        what = f"{used} of the {most} connections that the database allows are in use"
        found.append(doubtful(what, where, "Raise its max_connections before you start more replicas"))
    return iter(found)


def replicas(installation: Installation) -> Iterator[Finding]:
    """Who works on the database, and whether they are alike."""
    config = installation.settings
    if config is None or not config.bot.database:
        return
    from bot.store import postgres

    address = postgres.address(config.bot.database)
    try:
        with closing(postgres.store_at(installation.state, address)) as store:
            yield from store.read_now(_replicas, config) if store.read_now(postgres.version_of) else []
    except Mistake:
        return  # It was told already.
    if not is_alive(installation.state):
        what = "no replica gives a sign of life here"
        yield doubtful(what, installation.state, "If one shall run on this machine: delebot run")


def _replicas(connection: Connection, config: Config) -> list[Finding]:
    now, mine = runs.clock(connection) or datetime.now(UTC), fingerprint(config)
    living = [row for row in runs.replicas(connection) if row["alive_until"] > now]
    if not living:
        return [doubtful("no replica runs, so nothing is shared by itself", "", "Start it: delebot run")]
    found = [right(f"{len(living)} of them run: {', '.join(row['host'] for row in living)}")]
    for row in living:
        who = f"{row['host']}, process {row['pid']}"
        if row["config"] != mine:
            remedy = "Give it the same files, and have it read them: send SIGHUP or restart it"
            found.append(doubtful("it works by another configuration than the one here", who, remedy))
        if row["version"] != __version__:
            what = f"it is version {row['version']}, and this is {__version__}"
            found.append(doubtful(what, who, "Upgrade both to the same"))
    return found
