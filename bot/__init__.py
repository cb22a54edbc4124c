"""Delebot shares every new article of an organisation's feeds on the channels it has configured."""

import sys

__version__ = "0.1.0"

# httpx loads a command line of its own (with rich and pygments) wherever it can: 5 MB and 60 ms that a daemon does not
# need. It does without when this module can't be imported.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
