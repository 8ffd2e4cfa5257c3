PYTHON ?= python3
PORT ?= 3000
BIN := .venv/bin
# A worker that crashed is not replaced: pytest-xdist 3.8 would then wait forever (its issue 1323).
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadgroup --max-worker-restart=0
# What makes the environment; made again when the lock or the project's metadata changes.
ENV := .venv/.installed

.PHONY: up demo test test-long check bench pictures clean clean-data
.DEFAULT_GOAL := up

up: $(ENV) ## Serve the platform on http://localhost:$(PORT), everything running.
	@$(BIN)/platform-assets up --port $(PORT)

demo: $(ENV) ## Make the sample company's data and materialize every asset once.
	@$(BIN)/platform-assets demo

test: $(ENV) ## Run the tests.
	@$(PYTEST)

test-long: $(ENV) ## Run the tests that take minutes, too: every engine, every step; Spark as in .ci/run.
	@LONG_TESTS=true $(PYTEST)

check: $(ENV) ## Lint, types, declarations, definitions, dbt project.
	@$(BIN)/platform-assets check

bench: $(ENV) ## Measure ingestion, time to fresh and a full materialization.
	@$(BIN)/python -m benchmarks

pictures: $(ENV) ## Take the README's pictures anew.
	@$(BIN)/python docs/pictures.py

clean: ## Remove the environment and every cache; what was loaded stays.
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info dbt/target dbt/logs

clean-data: ## Remove all that was landed, loaded and made: .data.
	@rm -rf .data

$(ENV): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name it with PYTHON=")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { rm -rf .venv; echo "On Debian: apt-get install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(ENV)
