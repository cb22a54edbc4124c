"""The words by which people ask others to share something: one language, one file."""

from bot.posts.share_words.danish import DANISH
from bot.posts.share_words.english import ENGLISH
from bot.posts.share_words.language import Language
from bot.posts.share_words.norwegian import NORWEGIAN
from bot.posts.share_words.swedish import SWEDISH

__all__ = ["LANGUAGES", "Language"]

LANGUAGES = (NORWEGIAN, SWEDISH, DANISH, ENGLISH)
