"""Everything in the project that is made from the settings and the kinds; `make generated` writes it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from bot import kinds
from bot.config.examples import pages
from bot.config.tables import facts_of, page_of, renewed, table

ROOT = Path(__file__).resolve().parent.parent.parent
IN_README, ALL_FACTS, EXACTLY_ONCE = (0, 2), range(8), (2, 7)


def files(root: Path) -> Mapping[Path, str]:
    """The text that each made file must have: examples, the tables of kinds, and the facts on each kind's page."""
    made = {root / "config" / name: text for name, text in pages().items()}
    for path, folder, facts in (
        (root / "README.md", "docs/kinds/", IN_README),
        (root / "docs/kinds/README.md", "", ALL_FACTS),
        (root / "docs/promises.md", "kinds/", EXACTLY_ONCE),
    ):
        made[path] = renewed(path.read_text("utf-8"), table(facts, folder))
    for kind in map(kinds.load, kinds.names()):
        page = root / "docs/kinds" / f"{kind.name}.md"
        made[page] = renewed(page.read_text("utf-8") if page.exists() else page_of(kind), facts_of(kind))
    return made


def main(root: Path) -> None:
    """Write them all, and say which have changed."""
    for path, text in files(root).items():
        if not path.exists() or path.read_text("utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"{path.relative_to(root)}\n")


if __name__ == "__main__":
    main(ROOT)
