"""Wakes jobs on all replicas, by Procrastinate on the PostgreSQL that they share.

A job there is a wake-up and no more: what is to be done stands in our rows, and so does who is at it. So a job that is
lost, doubled or done by the wrong one costs a moment. One replica leads: it sweeps, and mends what dead ones left.
https://procrastinate.readthedocs.io
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, AppNotOpen, ConnectorException
from procrastinate.jobs import Status
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from bot.jobs import POLLS_AT_ONCE, Job, Jobs, Lane
from bot.store import holds, recovery, runs
from bot.store.dialects import alone
from bot.store.postgres import REACH, SCHEMA, address
from bot.story import Event
from bot.wake import due, engine

if TYPE_CHECKING:
    from procrastinate.jobs import Job as EngineJob
    from sqlalchemy import Connection

    from bot.lease import Lease

DRAINS_AT_ONCE = 50
MOST_QUEUED = 1000  # Jobs. More are not done within seconds, and the leader reads all of them each second.
LOOK_EVERY = 1.0  # Seconds between two looks of a worker for jobs whose time has come.
LET_FINISH = 5.0  # Seconds that jobs get when the engine ends. What they wait for goes on here all the same.
MEND_EVERY = timedelta(seconds=3)
PAUSE = 1.0  # Seconds until the engine is tried again that lost its database.
AWAY = (ConnectorException, psycopg.Error, PoolTimeout, OSError)


class Replicated:
    """A kick is a job that any replica may do: at most one waits for each lane, and one more for a later time."""

    def __init__(self, jobs: Jobs, lease: Lease) -> None:
        self.jobs, self.world, self.lease = jobs, jobs.world, lease
        self._conninfo = (
            address(self.world.config.bot.database).set(drivername="postgresql").render_as_string(hide_password=False)
        )
        self._app: App | None = None
        self._kicks: set[asyncio.Task[None]] = set()
        self._working: asyncio.Task[None] | None = None
        self._mended_at: datetime | None = None
        self._abandoned: set[int] = set()
        self._said = ""
        jobs.kick = self.kick
        # What they have to say of a database that is away is said once, by us, and without where it is.
        for name in ("procrastinate", "psycopg", "psycopg.pool"):
            logging.getLogger(name).setLevel(logging.CRITICAL)

    # --- Doing -----------------------------------------------------------------------------------------------------

    def _made(self) -> App:
        app = App(connector=PsycopgConnector(configure=_set_up))

        # A job that the engine gives up goes on here, for nobody is asked twice for what is under way.
        async def poll(name: str) -> None:
            await asyncio.shield(self.jobs.run("poll", name, if_due=True))

        async def drain(name: str) -> None:
            await asyncio.shield(self.jobs.run("drain", name))

        for work in (poll, drain):
            app.task(name=work.__name__, queue=work.__name__)(work)
        return app

    async def begin(self) -> None:
        _hush_lost_jobs(asyncio.get_running_loop())
        await self.world.store.write(_make_ready, self.world.run, self.world.now())
        self._working = asyncio.create_task(self._work())

    async def _work(self) -> None:
        """Do the jobs that are kicked, as long as the database is there, and whenever it is there again."""
        while True:
            try:
                async with self._open() as app:
                    await _workers(app)
            except Exception as error:  # noqa: BLE001 - whatever ended it, without it this replica does nothing
                self._say(f"the engine of this replica ended ({type(error).__name__}), and begins anew")
            await asyncio.sleep(PAUSE)

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[App]:
        pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
            self._conninfo, open=False, min_size=1, max_size=4, timeout=5, configure=_set_up, kwargs=REACH,
            check=AsyncConnectionPool.check_connection,
        )  # fmt: skip
        async with pool:
            await pool.wait(timeout=5)
            app = self._made()
            async with app.open_async(pool):
                self._app, self._said = app, ""
                try:
                    yield app
                finally:
                    self._app = None

    async def end(self, patience: float) -> None:
        """Take no more jobs; those that are under way are finished here, and their wake-ups are left to the others."""
        if self._working:
            self._working.cancel()
        await self.jobs.finish(patience)
        if self._working:
            await asyncio.wait({self._working}, timeout=LET_FINISH + 1)

    # --- Kicking ---------------------------------------------------------------------------------------------------

    def kick(self, job: Job, name: str, at: datetime | None = None) -> None:
        task = asyncio.create_task(self._defer(job, name, at))
        self._kicks.add(task)
        task.add_done_callback(self._kicks.discard)

    async def _defer(self, job: Job, name: str, at: datetime | None) -> None:
        lane = f"{job}:{name}"
        late: dict[str, Any] = {}
        if at is not None and at > self.world.now():
            # One that waits for its time stands behind those that don't, or it would hold them up.
            late = {"queueing_lock": f"{lane}@later", "schedule_at": at, "priority": -1}
        asked = {"queue": job, "lock": lane, "queueing_lock": lane, **late}
        # A kick that is lost is found by the sweep.
        with suppress(AlreadyEnqueued, AppNotOpen, *AWAY):
            if self._app:
                await self._app.configure_task(job, **asked).defer_async(name=name)

    # --- Leading ---------------------------------------------------------------------------------------------------

    async def sweep(self) -> None:
        self.jobs.swept()  # Where the database is away, starting anew would not bring it back.
        for lane in self.jobs.rested():
            self.jobs.run(*lane, if_due=True)
        if not self.lease.leads:
            self._abandoned.clear()
            return
        lanes = await self.world.store.read(_free_lanes, self.world)
        with suppress(AppNotOpen, *AWAY):
            if app := self._app:
                waiting = await app.job_manager.list_jobs_async(status="todo")
                queued = {_lane(job) for job in waiting if job.scheduled_at is None}
                new = sorted((lane for lane in lanes if lane not in queued), key=lambda lane: lane[0] == "poll")
                for lane in new[: max(0, MOST_QUEUED - len(queued))]:
                    self.kick(*lane)
                await self._mend(app)

    async def _mend(self, app: App) -> None:
        """Settle what the dead left, and have what they were at done by somebody else."""
        now = self.world.now()
        if not self.lease.judges() or (self._mended_at and abs(now - self._mended_at) < MEND_EVERY):
            return
        self._mended_at = now
        settled, freed = await self.world.store.write(_recover, self.world.rules, now)
        if settled:
            self.world.tell(Event("recovered", count=settled))
        held = await self.world.store.read(holds.held)
        doing = await app.job_manager.list_jobs_async(status="doing")
        idle = {job.id: job for job in doing if _lane(job) not in held and job.id is not None}
        # Between a job and its lane there is a moment at both ends, so one that no dead run had is looked at twice.
        for id in {id for id, job in idle.items() if id in self._abandoned or _lane(job) in freed}:
            # It is done away with and not again, for another job may wait for the lane already.
            with suppress(*AWAY):
                await app.job_manager.finish_job_by_id_async(id, Status.FAILED, delete_job=True)
                self.kick(*_lane(idle[id]))
        self._abandoned = set(idle) - self._abandoned

    def _say(self, why: str) -> None:
        """Once, and not at every try."""
        if why != self._said:
            self.world.tell(Event("trouble", why=why, ok=False))
        self._said = why


def _hush_lost_jobs(loop: asyncio.AbstractEventLoop) -> None:
    """Say nothing of each job whose end the engine could not write down: that the database is away is said once."""
    before = loop.get_exception_handler()

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if isinstance(context.get("exception"), ConnectorException):
            return
        if before:
            before(loop, context)
        else:
            loop.default_exception_handler(context)

    loop.set_exception_handler(handle)


async def _workers(app: App) -> None:
    """One that polls and one that drains, so that slow sites hold up no posts; when one ends, both do.

    No job is kept however it ends, such as by the end of its replica: only rows say that work is done.
    """
    tasks = [
        asyncio.create_task(
            app.run_worker_async(
                queues=[job],
                name=job,
                concurrency=at_once,
                install_signal_handlers=False,
                delete_jobs="always",
                fetch_job_polling_interval=LOOK_EVERY,
                shutdown_graceful_timeout=LET_FINISH,
            )
        )
        for job, at_once in (("poll", POLLS_AT_ONCE), ("drain", DRAINS_AT_ONCE))
    ]
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in ended:
        task.result()


def _lane(job: EngineJob) -> Lane:
    return ("poll" if job.task_name == "poll" else "drain", str(job.task_kwargs.get("name", "")))


async def _set_up(connection: psycopg.AsyncConnection[Any]) -> None:
    was = connection.autocommit
    await connection.set_autocommit(True)
    await connection.execute(f"SET search_path = {SCHEMA}".encode())
    await connection.execute(b"SET application_name = 'delebot jobs'")
    # Of commits that notify, PostgreSQL lets one at a time wait for the disk. A job that is lost is found by a sweep.
    await connection.execute(b"SET synchronous_commit = off")
    await connection.set_autocommit(was)


def _make_ready(connection: Connection, run: str, now: datetime) -> None:
    alone(connection, "schema")
    engine.bring_up(connection)
    if not any(row["what"] == runs.REPLICA and row["id"] != run for row in runs.alive(connection, now)):
        engine.clean_up(connection)


def _free_lanes(connection: Connection, world: Any) -> list[Lane]:
    held = holds.held(connection)
    return [lane for lane in due(connection, world) if lane not in held]


def _recover(connection: Connection, rules: Any, now: datetime) -> tuple[int, set[tuple[str, str]]]:
    alone(connection, "recovery")
    alive = [row["id"] for row in runs.alive(connection, now)]
    runs.forget_lost(connection, now)
    return recovery.recover(connection, alive, rules, now)
