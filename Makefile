PYTHON ?= python3
ENVIRONMENT := .venv/installed

.PHONY: run test test-slow test-long lint docs bench soak lock clean

run: $(ENVIRONMENT)  ## train on the sample in data/
	.venv/bin/python -m src.autoencoder run

test: $(ENVIRONMENT)  ## the fast tests: about five minutes on two cores
	.venv/bin/python -m pytest -n 2 --dist loadfile

test-slow: $(ENVIRONMENT)  ## those that take seconds each: whole trainings, and the report in a browser
	.venv/bin/python -m pytest -n 2 --dist loadfile -m slow

test-long: $(ENVIRONMENT)  ## those that take minutes each
	.venv/bin/python -m pytest -n 2 --dist loadfile -m long

lint: $(ENVIRONMENT)
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

$(ENVIRONMENT): requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13) and "Python 3.11 to 3.13 is needed: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	touch $@

docs: $(ENVIRONMENT)  ## docs/flags.md from the settings, and the library's pages in docs/api from its docstrings
	.venv/bin/python scripts/write_flags.py
	.venv/bin/python scripts/write_api.py

bench: $(ENVIRONMENT)  ## docs/performance.md: make bench MNIST=FOLDER CIFAR10=FOLDER [TORCH=PYTHON] [PARTS="start memory"]
	.venv/bin/python scripts/bench.py $(PARTS) --mnist=$(MNIST) --cifar10=$(CIFAR10) $(if $(TORCH),--torch=$(TORCH))

soak: $(ENVIRONMENT)  ## kills, full disks, signals and the like, and what held: make soak [PARTS="disk signals"] [KILLS=100]
	.venv/bin/python scripts/soak.py $(PARTS) $(if $(KILLS),--kills=$(KILLS))

lock:  ## resolve setup.cfg's ranges anew
	uv pip compile setup.cfg --extra test --extra fast --extra docs --universal --python-version 3.11 --no-header --no-annotate --no-emit-index-url --output-file requirements.lock

clean:
	rm -rf .venv
