# Two commands do everything: `make lab` and `make test`.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
  if $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null; then echo $$p; break; fi; done)
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2

STAND_IN := .venv-stand-in
# Tests start many processes, and each would compile our modules anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help lab env test check bench compare sam campaign book browser lint types unit stand-in stand-in-tests notebooks nbval reference \
  lock clean

help: ## what can be made
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/'

lab: env ## set everything up and open JupyterLab
	$(BIN)/jupyter lab

env: $(VENV)/ready ## the environment only

$(VENV)/ready: pyproject.toml constraints.txt requirements.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 to 3.14 is needed; none was found. Install one, or run: make PYTHON=/path/to/python"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -e '.[book,test]'
	@touch $@

test: ## all gates
	$(MAKE) -j2 lint types $(STAND_IN)/bin/aws browser
	$(MAKE) -j3 stand-in-tests unit nbval POLITE="nice -n 19"

check: lint types ## the fast subset
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile tests/localcloud/kernel tests/localcloud/runtime \
	  tests/localcloud/test_hooks.py tests/localcloud/stacks tests/conformance/test_sqs.py \
	  tests/patisserie/checks tests/patisserie/measure tests/patisserie/load tests/patisserie/figures

book: env ## build the book into _build/html, strictly
	$(BIN)/jupyter-book build . -W -n --keep-going

browser: ## Chromium for the tests that look at the book's pages
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || \
	  { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update -q && apt-get install -y -q chromium; } || \
	  { echo "A Chromium is needed for the browser tests: install the package chromium."; exit 1; }

bench: env ## print the benchmarks of this machine
	$(BIN)/python benchmarks/calls.py
	$(BIN)/python benchmarks/orders.py --orders 8000

compare: env $(STAND_IN)/bin/aws ## the local cloud beside other emulators: writes the table in benchmarks/README.md
	$(BIN)/python -m benchmarks.compare --write

sam: env ## let AWS's SAM CLI deploy against the local cloud
	$(PYTHON) -m venv .venv-sam
	.venv-sam/bin/python -m pip install --quiet --disable-pip-version-check 'aws-sam-cli>=1.170,<2'
	$(BIN)/python -m pytest -q -m 'stand_in or not stand_in' tests/localcloud/server/test_sam_deploy.py

campaign: env ## 500 random schedules of faults over a reference order system
	$(BIN)/python -m tests.campaign --seeds 500

lint: env
	$(BIN)/ruff check .

types: env
	$(BIN)/mypy

# What runs on the stand-in waits in real time, so the other tests and the notebooks give way to it.
unit: env ## the tests, but for those on the stand-in
	$(POLITE) $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadgroup --no-loadscope-reorder

stand-in: $(STAND_IN)/bin/aws stand-in-tests ## install the stand-in for AWS, and run the tests on it

stand-in-tests: env
	$(BIN)/python -m pytest -q -n $(WORKERS) -m stand_in --dist loadgroup --no-loadscope-reorder tests/patisserie/targets/test_ministack.py tests/localcloud/server tests/differential

$(STAND_IN)/bin/aws:
	$(PYTHON) -m venv $(STAND_IN)
	$(STAND_IN)/bin/python -m pip install --quiet --disable-pip-version-check 'ministack>=1.5.33,<1.6' 'moto[server]==5.2.5' boto3 aws-sam-translator
	$(STAND_IN)/bin/python -m pip install --quiet --disable-pip-version-check 'awscli>=1.46,<2'

notebooks: env ## write labs/ and solutions/ anew from their sources
	$(BIN)/python -m patisserie.notebooks build
	$(BIN)/python -m patisserie.notebooks digests

nbval: env ## run every notebook: solutions strictly, labs as a learner who has solved nothing
	PATISSERIE_STRICT=1 $(POLITE) $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile --nbval --nbval-current-env --nbval-cell-timeout 120 solutions
	$(POLITE) $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile --nbval-lax --nbval-current-env --nbval-cell-timeout 120 labs

reference: env ## write the book's generated pages anew
	$(BIN)/python -m patisserie.reference

lock: ## write constraints.txt anew (needs the uv tool)
	uv pip compile --quiet --universal --no-header --no-annotate --no-emit-index-url --python-version 3.11 --all-extras pyproject.toml -o constraints.txt

clean: ## remove what was made
	rm -rf $(VENV) $(STAND_IN) .venv-sam _build .mypy_cache .ruff_cache .pytest_cache
