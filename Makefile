# `make demo` and `make test` set everything up by themselves; see README.md.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST_OPTIONS ?=

.PHONY: help demo test check format bench dist clean

help: ## show the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "collex-graph needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
	  { echo "Python's venv module is incomplete: on Debian, apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

# the rich editor and the outlines of the map come from npm where it is; the site works without
$(VENV)/.web: web/package.json web/package-lock.json web/install.py ontology/territory.py $(VENV)/.installed
	@if command -v npm >/dev/null && npm ci --prefix web --silent --no-progress; \
	  then $(BIN)/python web/install.py; \
	  else echo "without npm's packages: a plain query editor, and a map of dots"; fi
	@touch $@

demo: $(VENV)/.installed $(VENV)/.web ## build the bundled sample and serve it
	$(BIN)/collex-graph demo

check: $(VENV)/.installed-dev ## lint, types, layers
	$(BIN)/ruff format --check src tests
	$(BIN)/ruff check src tests
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check $(VENV)/.web ## all checks and tests
	$(BIN)/pytest -q -n auto --dist loadscope $(PYTEST_OPTIONS)

format: $(VENV)/.installed-dev ## format the code
	$(BIN)/ruff format src tests
	$(BIN)/ruff check --fix src tests

bench: $(VENV)/.installed-dev ## speed and memory, beside their peers
	$(BIN)/python tests/benchmarks/bench_mapping.py
	$(BIN)/python tests/benchmarks/bench_build.py
	$(BIN)/python tests/benchmarks/bench_conformance.py
	$(BIN)/python tests/benchmarks/bench_validation.py
	$(BIN)/python tests/benchmarks/bench_check.py
	$(BIN)/python tests/benchmarks/bench_rules.py
	$(BIN)/python tests/benchmarks/bench_endpoint.py
	$(BIN)/python tests/benchmarks/bench_service.py
	$(BIN)/python tests/benchmarks/bench_questions.py

dist: $(VENV)/.installed-dev $(VENV)/.web ## build the wheel and the source archive
	@test -d web/static/vendor || { echo "a distribution holds the rich editor: npm is needed"; exit 1; }
	$(BIN)/python -m build --no-isolation

clean: ## remove what the targets made
	rm -rf $(VENV) .venv-peers dist build web/node_modules web/static/vendor
