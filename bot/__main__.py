"""`python -m bot` is the command `delebot`."""

from bot.cli import main

main()
