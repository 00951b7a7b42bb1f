# The list of commands. Each sets up .venv by itself, from packaging/setup.sh, and says what the system lacks.

.PHONY: help demo test parity app shots check format bench package clean
.DEFAULT_GOAL := help

VENV := .venv
RUN := $(VENV)/bin/python -m

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1|/' | awk -F'|' '{ printf "  make %-8s %s\n", $$1, $$2 }'

$(VENV)/ready: pyproject.toml packaging/constraints.txt packaging/setup.sh
	@bash packaging/setup.sh $(VENV)

demo: $(VENV)/ready  ## teach the starter model something it does not know, and show it
	@$(VENV)/bin/espalier demo --dir demo

test: $(VENV)/ready  ## every test; the slow ones fetch the starter model once
	@$(RUN) pytest -q

parity: $(VENV)/ready  ## add PyTorch and PEFT, which the tests then compare exported adapters with
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --constraint packaging/constraints.txt \
		--editable '.[parity]'

app: $(VENV)/ready  ## open the window
	@$(VENV)/bin/espalier-desktop

shots: $(VENV)/ready  ## pictures of every page in every look, into build/shots
	@$(VENV)/bin/python tests/desktop/shots.py

check: $(VENV)/ready  ## format, lint and types
	@$(RUN) ruff format --check .
	@$(RUN) ruff check .
	@$(RUN) mypy

format: $(VENV)/ready  ## put the code into the house's format
	@$(RUN) ruff check --fix .
	@$(RUN) ruff format .

bench: $(VENV)/ready  ## speed beside plain mlx-lm, the reference parser and a bare window, from one run
	@$(VENV)/bin/espalier bench

package: $(VENV)/ready  ## build the app, test it from the outside, and look at the binaries of the Mac's
	@bash packaging/package.sh $(VENV)/bin/python

clean:  ## remove the environment, the demo and all caches
	rm -rf $(VENV) demo .mypy_cache .ruff_cache .pytest_cache .hypothesis
