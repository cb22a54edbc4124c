"""Values as JSON: in as few bytes as it takes, measured, and without what says nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def compact(value: object) -> bytes:
    """The JSON of a value in as few bytes as it takes, as it is sent, measured and signed."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def in_json(words: str) -> int:
    """The bytes that these words take within JSON."""
    return len(compact(words)) - 2


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that say something: neither None nor empty nor False."""
    return {name: value for name, value in values.items() if value}
