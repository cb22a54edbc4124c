"""Runs the code that it is given, to see what a process is like: python -m tests.told CODE ARGUMENT…"""

import sys

exec(sys.argv[1])
