# The only way people, hooks and CI do things here. `make` alone lists the targets.
# On a fresh machine every target but system-deps first makes .venv and installs the hash-pinned packages into it.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed

# Debian packages with the servers and data that tests need, and the load generator of the benchmarks.
SYSTEM_PACKAGES := postgresql redis-server wordnet-base wordnet-sense-index wrk nginx-light prometheus \
    prometheus-alertmanager prometheus-node-exporter prometheus-postgres-exporter prometheus-nginx-exporter \
    prometheus-blackbox-exporter shellcheck bubblewrap systemd

.DEFAULT_GOAL := help
.PHONY: help run airflow test stack stack-down lint format types bench lock system-deps clean

help:  ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: $(INSTALLED)  ## Serve the champion on port 8000; where there is none, train on the sample corpus first
	$(BIN)/newsdesk run

airflow: $(INSTALLED)  ## Run the pipelines on schedule: Airflow on port 8080, until Ctrl+C
	@$(BIN)/python -m deploy.airflow

test: $(INSTALLED)  ## Run every test whose servers and data are on this machine
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

stack: $(INSTALLED)  ## Start all servers as plain processes, in the foreground; Ctrl+C stops them
	$(BIN)/python -m deploy.local up

stack-down: $(INSTALLED)  ## Stop what make stack has started
	$(BIN)/python -m deploy.local down

lint: $(INSTALLED)  ## Check style and common mistakes
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

format: $(INSTALLED)  ## Rewrite the code in the project's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(INSTALLED)  ## Check the types
	$(BIN)/mypy

bench: $(INSTALLED)  ## Measure accuracy and speed; takes a while
	$(BIN)/python -m benchmarks

lock: $(INSTALLED)  ## Resolve the dependencies anew into requirements/
	$(BIN)/uv pip compile $(LOCK_OPTIONS) --extra serve --extra postgresql --extra redis pyproject.toml -o requirements/serve.txt
	$(BIN)/uv pip compile $(LOCK_OPTIONS) --extra serve --extra train --extra postgresql --extra s3 pyproject.toml -o requirements/train.txt
	$(BIN)/uv pip compile $(LOCK_OPTIONS) --extra dev pyproject.toml -o requirements/dev.txt
	$(BIN)/uv pip compile $(LOCK_OPTIONS) requirements/uv.in -o requirements/uv.txt
	$(BIN)/uv pip compile $(LOCK_OPTIONS) requirements/airflow.in -o requirements/airflow.txt
	$(BIN)/uv pip compile $(LOCK_OPTIONS) requirements/mlflow.in -o requirements/mlflow.txt
	$(BIN)/uv pip compile $(LOCK_OPTIONS) requirements/image.in -o requirements/image.txt
	$(BIN)/uv pip compile $(LOCK_OPTIONS) requirements/zoo.in -o requirements/zoo.txt
	for client in kserve mlserver; do $(BIN)/uv pip compile $(LOCK_OPTIONS) --excludes requirements/clients.excludes \
		requirements/clients-$$client.in -o requirements/clients-$$client.txt || exit 1; done

LOCK_OPTIONS := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock"

system-deps:  ## Install the Debian servers that stack tests use (needs root)
	@test "$$(id -u)" = 0 || { echo "make system-deps installs Debian packages and needs root: sudo make system-deps"; exit 1; }
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(SYSTEM_PACKAGES)

clean:  ## Remove the environment, caches and builds; keeps var/
	rm -rf .venv dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

$(INSTALLED): requirements/dev.txt requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Newsdesk needs Python 3.11 or newer; name one, for example: make run PYTHON=python3.12"; exit 1; }
	@echo "Installing Newsdesk into .venv (a few minutes, once) ..."
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python deploy/packages.py requirements/uv.txt
	@$(BIN)/python deploy/packages.py requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
