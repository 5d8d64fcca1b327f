# make demo        set up, train on a small data set drawn here, evaluate, export to .ms
# make test        set up, lint, run the test suite (seven minutes on two cores)
# make test-long   what it leaves out
# make tutorial    execute docs/tutorial.ipynb, which keeps its outputs

VENV_PYTHON := .venv/bin/python

.PHONY: demo test test-long tutorial lint clean

demo: .venv/runtime
	@scripts/demo.sh $(VENV_PYTHON)

# Two processes with a thread each for MindSpore: more would wait for one another.
test: .venv/development lint
	OMP_NUM_THREADS=1 $(VENV_PYTHON) -m pytest -n 2 --dist loadgroup --no-loadscope-reorder

# One process: they measure memory, and take what both processors give.
test-long: .venv/development
	$(VENV_PYTHON) -m pytest -m long

tutorial: .venv/tutorial
	$(VENV_PYTHON) scripts/tutorial.py

lint: .venv/development
	$(VENV_PYTHON) -m ruff check .
	$(VENV_PYTHON) -m ruff format --check .
	@scripts/lint_web.sh

.venv/runtime: requirements.txt scripts/setup.sh
	@scripts/setup.sh requirements.txt
	@touch $@

.venv/tutorial: .venv/runtime requirements-tutorial.txt
	@scripts/setup.sh requirements-tutorial.txt
	@touch $@

.venv/development: requirements.txt requirements-dev.txt requirements-tensorboard.txt \
    requirements-tutorial.txt scripts/setup.sh
	@scripts/setup.sh requirements-dev.txt
	@touch $@ .venv/runtime

clean:
	rm -rf .venv demo
