"""The show: what happens on the sample site, and what the receivers see of it, told in plain lines."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from bot import kinds
from bot.commands.demo.faces import platform
from bot.commands.demo.inbox import Figures, Inbox
from bot.commands.demo.process import Daemon
from bot.commands.demo.site import Article, Site, articles
from bot.commands.trigger import Ask
from bot.model import Mistake
from bot.store import desk
from bot.store.database import open_store
from bot.world import clock

LOOK_EVERY = 0.02
PATIENCE = 45.0
COME_AGAIN = 5  # Seconds after which a receiver that is out of order asks to be tried again.

Say = Callable[[str], None]


class Show:
    """The acts, in order. `pace` stretches the pauses between them: 1 is a minute, 0 is none."""

    def __init__(self, site: Site, inbox: Inbox, daemon: Daemon, say: Say, pace: float) -> None:
        self.site, self.inbox, self.daemon, self._say, self.pace = site, inbox, daemon, say, pace

    async def play(self) -> Figures:
        """The whole show; what the receivers have counted at its end."""
        await self.begin()
        first, second, third, fourth = articles()[1]
        await self.appears(first)
        await self.is_corrected(first)
        await self.is_out_of_order(second, third)
        await self.is_killed(fourth)
        await self.moves()
        return self.sum_up()

    # --- The acts --------------------------------------------------------------------------------------------------

    async def begin(self) -> None:
        self.say(
            f"Delebot starts (delebot run) and reads the feed; {len(self.site.published)} older articles are in it."
        )
        await self.start()
        await self.until(lambda: self.daemon.heard("baseline"), "the first poll")
        self.say("It knows them from now on and posts none: old news is not poured out on your readers.")
        await self.pause(1)

    async def appears(self, article: Article) -> None:
        self.act("1. An article appears, and every channel shows it.")
        began = await self.publish(article)
        await self.shown(article, self.inbox.kinds, began)
        await self.pause(8)

    async def is_corrected(self, article: Article) -> None:
        self.act(
            "2. The author corrects the article: the post is corrected wherever the platform lets anybody do that."
        )
        self.site.correct(article)
        self.say(f"The site now says «{article.as_corrected().title}».")
        began = await self.look()
        able = [kind for kind in self.inbox.kinds if kinds.load(kind).revise]
        for kind in able:
            await self.until(lambda kind=kind: any(m.edited for m in self.inbox.of(kind)), f"the correction in {kind}")  # type: ignore[misc]
            self.say(f"… {platform(kind)} shows the correction after {since(began)}.")
        for kind in (kind for kind in self.inbox.kinds if kind not in able):
            self.say(f"… {platform(kind)} lets nobody edit what came by a webhook: the post stays as it was.")
        await self.pause(8)

    async def is_out_of_order(self, second: Article, third: Article) -> None:
        broken, *others = self.inbox.kinds
        name = platform(broken)
        self.act(f"3. {name} is out of order (it answers 503). Nobody else waits for it, and it misses nothing.")
        self.inbox.away[broken] = COME_AGAIN
        began = await self.publish(second)
        await self.shown(second, others, began)
        await self.until(lambda: self.inbox.refused.get(broken, 0) > 0, f"the refusal of {name}")
        self.say(f"… {name} has refused it. Delebot keeps it and will come again.")
        await self.pause(3)
        later = await self.publish(third)
        await self.shown(third, others, later)
        del self.inbox.away[broken]
        self.say(f"{name} is well again.")
        await self.shown(second, [broken], began, what=f"«{second.title}»")
        await self.shown(third, [broken], later, what=f"«{third.title}»")
        await self.pause(8)

    async def is_killed(self, article: Article) -> None:
        self.act(
            "4. The power fails in the middle of the work. After that, nothing is missing and nothing is there twice."
        )
        waiting = self.inbox.kinds[-2]
        early = [kind for kind in self.inbox.kinds if kind not in (waiting, "webhook")]
        self.inbox.away[waiting] = 2
        self.inbox.mute.add("webhook")
        began = await self.publish(article)
        await self.shown(article, early, began)
        await self.until(lambda: self.in_the_middle(article, early, waiting), "the middle of the work")
        self.say(f"… {platform(waiting)} has been asked and is busy. The webhook has it, but has not answered yet.")
        await self.daemon.kill()
        self.say(f"Process {self.daemon.id} is killed (kill -9), as a power cut would do it.")
        self.inbox.mute.clear()
        self.inbox.away.clear()
        await self.pause(3)
        await self.start()
        self.say(f"Delebot is started again, as process {self.daemon.id}.")
        await self.shown(article, [waiting], began)
        await self.until(lambda: self.inbox.repeats > 0, "the repeat")
        self.say("… The webhook gets it once more under the same webhook-id, and so knows that it has it already.")
        await self.pause(8)

    def in_the_middle(self, article: Article, early: Sequence[str], waiting: str) -> bool:
        """Whether some channels are done with, one waits, and one has not answered: the worst moment to die."""
        done = all(self.daemon.heard("delivered", channel=k, state="sent", title=article.title) for k in early)
        late = self.daemon.heard("delivered", channel=waiting, state="due", title=article.title)
        return done and late and bool(self.inbox.of("webhook", article.slug))

    async def moves(self) -> None:
        self.act(
            "5. The site moves to another server: every article has another number and address. Nothing is posted."
        )
        before, asked = len(self.inbox.messages), self.site.asked
        self.site.move()
        await self.look()
        await self.until(lambda: self.site.asked > asked, "the next look at the feed")
        await asyncio.sleep(2)
        posts = len(self.inbox.messages) - before
        self.say(f"… Delebot has read the feed again and knows all {len(self.site.published)} articles: {posts} posts.")
        await self.pause(4)

    def sum_up(self) -> Figures:
        figures = self.inbox.figures()
        channels = len(self.inbox.kinds)
        self.act("That was the show. This is what the receivers have counted:")
        self.say(f"    published {figures.published} articles, each on {channels} channels: {figures.due} posts")
        self.say(f"    shown {figures.shown}, corrected {figures.edited}, lost {figures.lost}, twice {figures.twice}")
        well = not figures.lost and not figures.twice
        verdict = "none is lost, none is there twice" if well else f"{figures.lost} lost, {figures.twice} twice"
        self.inbox.act = f"That was the show: {figures.shown} posts are here, {verdict}."
        return figures

    # --- What the acts are made of ---------------------------------------------------------------------------------

    def say(self, words: str) -> None:
        self._say(words)

    def act(self, sentence: str) -> None:
        self.inbox.act = sentence
        self._say("")
        self._say(sentence)

    async def start(self) -> None:
        await self.daemon.start()
        await self.until(lambda: self.daemon.heard("idle"), "the start of Delebot")

    async def publish(self, article: Article) -> float:
        """The site publishes, and Delebot is told to look; when that was."""
        self.site.publish(article)
        self.say(f"The site publishes «{article.title}».")
        return await self.look()

    async def look(self) -> float:
        """Have the daemon poll now, as `delebot trigger` does it: a minute is too short to wait for its own clock."""
        began = time.monotonic()
        store = open_store(self.daemon.state)
        try:
            await store.write(desk.ask, Ask().as_json(), clock())
        finally:
            store.close()
        return began

    async def shown(self, article: Article, channels: Sequence[str], began: float, what: str = "it") -> None:
        """Wait until these channels show the article, and tell of each when it does."""
        left = list(channels)

        def one_more() -> bool:
            return any(self.inbox.of(kind, article.slug) for kind in left)

        while left:
            await self.until(one_more, f"«{article.title}» in {', '.join(left)}")
            for kind in [kind for kind in left if self.inbox.of(kind, article.slug)]:
                self.say(f"… {platform(kind)} shows {what} after {since(began)}.")
                left.remove(kind)

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                last = self.daemon.told[-1]["event"] if self.daemon.told else "nothing"
                raise Mistake(f"the show waits in vain for {what}", remedy=f"Delebot's log said last: {last}", code=1)
            if not self.daemon.runs:
                last = self.daemon.told[-1]["event"] if self.daemon.told else "nothing"
                raise Mistake(
                    "Delebot has ended in the middle of the show", remedy=f"Its log said last: {last}", code=1
                )
            await asyncio.sleep(LOOK_EVERY)

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds * self.pace)


def since(began: float) -> str:
    return f"{time.monotonic() - began:.1f} s"
