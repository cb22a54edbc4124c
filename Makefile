# All that is needed is make and Python 3.11 or newer: every target sets up .venv first, where that is still to be done.
# Choose a Python with PYTHON=/path/to/python3; hand more to a target with ARGS, as in: make test ARGS="-k plan -x"

bin := .venv/bin
# One more than there are processors: many tests wait for a process that they have started.
workers := $(shell expr $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2) + 1)
export PYTHON

.PHONY: help setup demo test test-faults test-replicas test-servers fuzz check format generated constraints clean

help: ## Show what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16

setup: ## Make .venv ready to work, without doing anything else
	@sh .ci/setup

demo: setup ## See Delebot at work, with a sample site on this machine
	@$(bin)/delebot demo $(ARGS)

test: setup ## Run the tests
	@$(bin)/pytest -n $(workers) --dist worksteal --ignore=tests/real $(ARGS)

test-faults: setup ## Kill the real daemon hundreds of times among servers that fail, and count what was lost and doubled
	@$(bin)/python -m tests.faults $(ARGS)

test-replicas: setup ## Kill replicas on a real PostgreSQL, stop that too, upgrade in the middle, and count
	@$(bin)/python -m tests.replicas $(ARGS)

fuzz: setup ## Feed it damaged and hostile feeds for a minute
	@$(bin)/python -m tests.fuzz $(or $(ARGS),--seconds 60)

test-servers: setup ## Install real servers (Bluesky, Matrix, Mastodon) in .servers, and prove the kinds on them
	@sh .ci/servers
	@DELEBOT_REAL=1 $(bin)/pytest tests/real tests/test_mail.py tests/test_apprise.py $(ARGS)

check: setup ## Check style, types and architecture
	@wrong=0; for tool in "ruff check" "ruff format --check" mypy "lint-imports --no-logo"; do \
		$(bin)/$$tool || wrong=1; done; exit $$wrong

format: setup ## Lay the code out as check wants it
	@$(bin)/ruff check --fix
	@$(bin)/ruff format

generated: setup ## Write what is made from the settings and kinds: examples, tables, facts on the pages
	@$(bin)/python -m bot.config.generated

constraints: setup ## Write constraints.txt anew, with the newest versions (best with the oldest Python)
	@$(bin)/python -m pip install --dry-run --ignore-installed '.[dev]' >.venv/newest
	@echo '# The versions that Delebot is tested with. Written by `make constraints`.' >constraints.txt
	@sed -n 's/^Would install //p' .venv/newest | tr ' ' '\n' | sed -n '/^delebot-/!s/-\([0-9][^-]*\)$$/==\1/p' >>constraints.txt

clean: ## Remove everything that was made here, but no state
	@rm -rf .venv .servers .tools build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
	@find . -name __pycache__ -prune -exec rm -rf {} +
