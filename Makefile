# Everything here works alone on a fresh machine that has Python 3.11 and make.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed-$(shell cat requirements.lock pyproject.toml | cksum | cut -d' ' -f1)

# Where it is set, each of the hundreds of processes that tests start would compile Reef anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: install check test test-libraries test-all cluster-programs cluster cluster-down cluster-shell test-cluster demo-cluster demo bench-quick lock clean

$(STAMP):
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	touch $(STAMP)

install: $(STAMP)

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Three files at a time on two cores (they wait a third of their time), the longest first (tests/order.py).
test: $(STAMP)
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder --durations 25

# Forked servers of 25 locations over real libraries against fresh interpreters: some four minutes, and an index.
test-libraries: $(STAMP)
	REEF_TEST_LIBRARIES=1 $(BIN)/python -m pytest tests/isolation/test_differential.py

# All rows, some ten minutes each. One alone, into the page:
#   .venv/bin/python tests/every_python.py --row 3.12 --record docs/test-matrix.md
test-all: $(STAMP)
	$(BIN)/python tests/every_python.py --record docs/test-matrix.md

# A real Kubernetes, built from its modules: docs/testing-on-kubernetes.md. The first needs no root.
LAB := PYTHONPATH=tests $(BIN)/python -m lab

cluster-programs: $(STAMP)
	$(LAB) programs

cluster: $(STAMP)
	$(LAB) up

cluster-down: $(STAMP)
	$(LAB) down

cluster-shell: $(STAMP)
	$(LAB) run

test-cluster: $(STAMP)
	$(LAB) test

# Forty locations, from a pod for each to Reef and back; the cluster stays up afterwards.
demo-cluster: $(STAMP)
	$(LAB) demo

demo: $(STAMP)
	$(BIN)/reef demo

bench-quick: $(STAMP)
	for name in density cold_start preload gateway endurance rollout metrics sizing page; do $(BIN)/python benchmarks/$$name.py --quick || exit 1; done

lock:
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --generate-hashes --python-version 3.11 \
	  --custom-compile-command "make lock" --no-emit-index-url -o requirements.lock

clean:
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache
