# `make serve` and `make test` need nothing but Python >= 3.11: they make .venv and install what is
# missing. Run `make` for the list.

DATA ?= .pulp
ARGS ?=
TESTS ?= tests
BIN := .venv/bin
PROGRAM := $(BIN)/pulp-contentroutes
# Nothing is installed only to say that nothing runs.
NEEDS_PROGRAM = test -x $(PROGRAM) || { echo "No Pulp was made in this checkout: make serve makes one."; exit 3; }
TEST_PACKAGES := nginx apache2 libapache2-mod-xsendfile redis-server curl gnupg pgbouncer
# Clients of tests/plugins; npm and uv are from PyPI.
CLIENT_PACKAGES := dnf rpm maven skopeo zchunk
# The oldest pulpcore that is supported.
FLOOR := 3.105
# Two workers; each Pulp belongs to one of them.
PYTEST := $(BIN)/pytest --numprocesses 2 --dist loadscope --no-loadscope-reorder --durations 15 --durations-min 5

.DEFAULT_GOAL := help
.PHONY: help serve status stop logs test test-all test-floor test-unit mutants bench lint format dist

help:  ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 14

# exec: after Ctrl-C a shell would end by it, and make would call that an error.
serve:  ## Run a whole Pulp with demo content (ARGS="--port 9000", DATA=folder)
	@scripts/packages nginx
	@scripts/environment
	@exec $(PROGRAM) serve --demo --data "$(DATA)" $(ARGS)

status:  ## Show the processes of the Pulp that "make serve" runs (DATA=folder)
	@$(NEEDS_PROGRAM); exec $(PROGRAM) status --data "$(DATA)" $(ARGS)

stop:  ## Stop it, from another terminal (DATA=folder)
	@$(NEEDS_PROGRAM); exec $(PROGRAM) stop --data "$(DATA)" $(ARGS)

logs:  ## Show the end of its logs (ARGS="--follow" or the name of a service, DATA=folder)
	@$(NEEDS_PROGRAM); exec $(PROGRAM) logs --data "$(DATA)" $(ARGS)

test:  ## Run the tests on a real PostgreSQL, Pulp, nginx and Apache (10 minutes on two cores)
	@scripts/packages $(TEST_PACKAGES)
	@scripts/environment dev
	$(PYTEST) $(TESTS) $(ARGS)

test-floor:  ## Compare answers with those of the oldest pulpcore that is supported (two minutes)
	@scripts/packages nginx
	@scripts/environment dev
	PULPCORE=$(FLOOR) $(BIN)/pytest tests/differential/test_differential.py -k plain $(ARGS)

test-all:  ## Run every combination of releases, domains and caches, before a release (an hour)
	@scripts/packages $(TEST_PACKAGES) $(CLIENT_PACKAGES) postgresql
	@scripts/environment dev
	$(PYTEST) $(TESTS) -m "" $(ARGS)
	PULPCORE=$(FLOOR) $(PYTEST) tests/differential -m "" $(ARGS)

test-unit:  ## Run the tests that need no service (seconds)
	@scripts/environment dev
	$(PYTEST) tests/unit $(ARGS)

mutants:  ## Change the code in small ways, and list the changes that no unit test notices (a quarter of an hour)
	@scripts/environment mutation
	@$(BIN)/mutmut run $(ARGS)
	@$(BIN)/mutmut results --all true | $(BIN)/python -m tests.mutants

bench:  ## Measure beside stock Pulp, aiohttp and nginx (20 minutes; ARGS="--quick" for a few)
	@scripts/packages nginx redis-server wrk $(CLIENT_PACKAGES)
	@scripts/environment dev
	@$(BIN)/python -m tests.benchmarks $(ARGS)

lint:  ## Check style, types, spelling and the Ansible role
	@scripts/environment dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo --no-cache
	$(BIN)/python -m tests.language
	$(BIN)/codespell
	$(BIN)/ansible-lint --offline -q ansible

dist:  ## Build the wheel and the source distribution into dist/, and check them (docs/releasing.md)
	@scripts/environment dev
	@rm -rf dist
	$(BIN)/python -m build --outdir dist
	$(BIN)/twine check --strict dist/*
	$(BIN)/python -m tests.wheel dist/*.whl

format:  ## Put the code into its one format
	@scripts/environment dev
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .
