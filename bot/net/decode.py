"""Decompresses an answer piece by piece, so that a small answer can never fill the memory."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

PIECE = 65_536
GZIP_OR_ZLIB, BARE_DEFLATE = 47, -15
GZIP_MARK = b"\x1f\x8b"
MOST_MEMBERS = 1000  # Each is a stream of its own, which may hold nothing and still takes time.


class Undecodable(Exception):
    """The answer is not in the encoding that it claims, or in one that was not asked for; the words say which."""


class Decoder:
    """Decodes one body: `feed` gives pieces of at most PIECE bytes, `complete` tells whether its end was seen.

    `encoding` is the value of Content-Encoding: nothing, identity, gzip or deflate.
    """

    def __init__(self, encoding: str) -> None:
        name = encoding.strip().lower()
        if name not in ("", "identity", "gzip", "x-gzip", "deflate"):
            shown = re.sub(r"[^\w, .+-]", "", name)[:20]
            raise Undecodable(f"in an encoding that was not asked for ({shown})")
        self._plain = name in ("", "identity")
        self._deflate = name == "deflate"
        self._inner = zlib.decompressobj(GZIP_OR_ZLIB)
        self._begun = False
        self._members = 1

    @property
    def complete(self) -> bool:
        return self._plain or self._inner.eof or not self._begun

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The pieces that a chunk decodes to; ask for the next only while there is room for it."""
        if self._plain or not chunk:
            yield chunk
            return
        if self._deflate and not self._begun and chunk[0] & 15 != 8:
            # Some servers take "deflate" at its word and leave out the zlib header.
            self._inner = zlib.decompressobj(BARE_DEFLATE)
        self._begun = True
        yield from self._inflate(chunk)

    def _inflate(self, chunk: bytes) -> Iterator[bytes]:
        while True:
            if self._inner.eof:
                # More gzip after gzip is still the same body; anything else after it is padding.
                if not chunk.startswith(GZIP_MARK):
                    return
                self._members += 1
                if self._members > MOST_MEMBERS:
                    raise Undecodable("made of too many pieces")
                self._inner = zlib.decompressobj(GZIP_OR_ZLIB)
            try:
                piece = self._inner.decompress(chunk, PIECE)
            except zlib.error:
                raise Undecodable("damaged: it could not be decompressed") from None
            if piece:
                yield piece
            chunk = self._inner.unused_data if self._inner.eof else self._inner.unconsumed_tail
            if not chunk and len(piece) < PIECE:
                return
