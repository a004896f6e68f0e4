# Everything here sets itself up in .venv: nothing but CPython 3.11 or newer and make is needed.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
RUN := $(BIN)/python
BENCH := $(VENV)-bench/bin/python
SOURCES := codegen.py overlay generated benchmarks examples tests

# Containers often set it. Without cached bytecode, each of the many processes that the tests start
# compiles everything that it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo test quick coverage generate check lint format typecheck bench fuzz contract \
	audit docs names dist smoke clean foreign llmock soak

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.dev ## Create .venv with everything that development needs

# One stamp for each set of extras: the demo need not wait for the tools of the tests.
$(VENV)/.%: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "CPython 3.11 or newer is needed: run make PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@echo "Installing the extras [$*] into $(VENV) ..."
	@$(RUN) -m pip install --quiet --disable-pip-version-check -e '.[$*]'
	@touch $@

demo: $(VENV)/.codegen,local ## Regenerate the client, start the local host, and make a few calls
	@$(RUN) codegen.py generate
	@$(RUN) examples/demo.py

test: setup check lint typecheck ## Check generated code, lint and types, and run all tests
	$(RUN) -m pytest --numprocesses auto --dist worksteal

quick: setup lint ## Run lint, mypy, and the fast tests of what you changed
	@$(BIN)/mypy
	@$(RUN) tests/support/quick.py

coverage: setup ## Run all tests and fail if they reach too little of overlay/
	@rm -rf .coverage
	@$(RUN) -m coverage run -m pytest --numprocesses auto --dist worksteal
	@$(RUN) -m coverage combine --quiet
	@$(RUN) -m coverage report

generate: setup ## Write generated/ from specs/ and templates/
	@$(RUN) codegen.py generate

check: setup ## Fail if generated/ is out of date
	@$(RUN) codegen.py check

lint: setup ## Check style, format, import layers, dependencies, and for dead code
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/lint-imports --no-cache --no-logo
	@$(BIN)/deptry overlay generated
	@$(BIN)/vulture

format: setup ## Format hand-written code
	@$(BIN)/ruff check --fix $(SOURCES)
	@$(BIN)/ruff format $(SOURCES)

typecheck: setup ## Check types with mypy, pyright, ty and pyrefly
	@$(BIN)/mypy
	@$(BIN)/pyright
	@$(RUN) tests/support/type_completeness.py
	@$(BIN)/ty check
	@$(BIN)/pyrefly check

# The peers have an environment of their own, beside a copy of the project's, at their latest release.
bench: ## Benchmark against openai, httpx, aiohttp and pydantic, and write docs/benchmarks.md
	@$(MAKE) --no-print-directory VENV=$(VENV)-bench '$(VENV)-bench/.cli,codegen'
	@$(BENCH) -m pip install --quiet --disable-pip-version-check --upgrade \
		-r benchmarks/peers.txt || $(BENCH) -m pip show --quiet openai aiohttp pydantic
	$(BENCH) -m benchmarks --document docs/benchmarks.md $(ARGUMENTS)

fuzz: setup ## Feed a million hostile inputs to the parsers of server responses
	@PYTHONPATH=overlay:generated:tests $(RUN) -m benchmarks.fuzz

contract: setup ## Test staging hosts: make contract SERVERLESS_URL=... (docs/contract.md)
	SERVERLESS_URL='$(SERVERLESS_URL)' ON_DEMAND_URL='$(ON_DEMAND_URL)' \
		CONTROL_PLANE_URL='$(CONTROL_PLANE_URL)' \
		$(RUN) -m pytest tests/contract

foreign: setup ## Run the contract tests against llama.cpp's own server
	@$(RUN) -m pytest tests/contract/test_foreign_server.py -s

llmock: setup ## Test the SDK against llmock, a server that misbehaves
	@$(RUN) -m pytest tests/tensormesh/http/test_misbehaving_server.py

soak: setup ## Run two minutes of load with faults: 500 async streams, 64 threads
	@$(RUN) -m benchmarks.soak

docs: setup ## Write the reference pages and screenshots of tm
	@PYTHONPATH=overlay:generated $(RUN) -m tensormesh_docs write

names: setup ## Write the list of public names that the tests compare with
	@PYTHONPATH=overlay:generated:tests $(RUN) -m support.public_names

audit: $(VENV)/.audit,dev ## Check all dependencies for known vulnerabilities
	@$(RUN) tests/support/audit.py

dist: setup ## Build the wheel and the source archive, and check their metadata
	@rm -rf dist
	@$(RUN) -m build --no-isolation
	@$(RUN) -m twine check --strict dist/*

smoke: dist ## Install the wheel into a fresh environment, and use it there
	@$(RUN) tests/support/smoke_wheel.py dist

clean: ## Remove the virtual environment and everything built
	rm -rf $(VENV) $(VENV)-bench dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis .schemathesis .coverage
