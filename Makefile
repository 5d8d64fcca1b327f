# make demo   set up, train on a small data set drawn here, evaluate, export to .ms
# make test   set up, lint, run the whole test suite

VENV_PYTHON := .venv/bin/python

.PHONY: demo test lint clean

demo: .venv/runtime
	@scripts/demo.sh $(VENV_PYTHON)

test: .venv/development lint
	$(VENV_PYTHON) -m pytest

lint: .venv/development
	$(VENV_PYTHON) -m ruff check .
	$(VENV_PYTHON) -m ruff format --check .

.venv/runtime: requirements.txt scripts/setup.sh
	@scripts/setup.sh requirements.txt
	@touch $@

.venv/development: requirements.txt requirements-dev.txt scripts/setup.sh
	@scripts/setup.sh requirements-dev.txt
	@touch $@ .venv/runtime

clean:
	rm -rf .venv demo
