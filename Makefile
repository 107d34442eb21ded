# make setup      virtual environment and Debian packages      make tapeout   network to signed-off layout
# make test       what CI runs                                 make lint      ruff and mypy
# make test-full  the slow tier as well                        make bench     measured figures
# make train     the shipped networks anew
# Every target does the set-up it needs. In a source tree that cannot be written, everything goes to
# build/, which must be a folder that can.

SHELL := /bin/bash
VENV ?= $(if $(shell test -w . && echo writable),.venv,build/venv)
PYTHON ?= $(firstword $(foreach p,python3.11 python3.12 python3,$(shell command -v $(p))))
BIN := $(VENV)/bin
PIP = DIST_EXTRA_CONFIG=$(abspath $(VENV))/metadata.cfg \
  $(BIN)/pip install --quiet --disable-pip-version-check
CHIP ?= digits
JOBS ?= 2
export HYPOTHESIS_STORAGE_DIRECTORY := $(CURDIR)/build/caches/hypothesis
export MYPY_CACHE_DIR := $(CURDIR)/build/caches/mypy
export RUFF_CACHE_DIR := $(CURDIR)/build/caches/ruff
PYTEST := $(BIN)/python -m pytest -q -n $(JOBS) -o cache_dir=build/caches/pytest

.PHONY: setup debian test test-full lint format bench bench-pnr train tapeout clean

setup: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml | debian
	@test -n "$(PYTHON)" || { echo "no Python found: apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' \
	  || { echo "$(PYTHON) is neither Python 3.11 nor 3.12: make $(MAKECMDGOALS) PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@printf '[egg_info]\negg_base = $(abspath $(VENV))/metadata\n' > $(VENV)/metadata.cfg
	@mkdir -p $(VENV)/metadata  # what setuptools would write into the source tree
	$(PIP) --editable '.[dev]'
	@echo '$(CURDIR)/flow/plugin' > "$$($(BIN)/python -c \
	  'import sysconfig; print(sysconfig.get_path("purelib"))')/spikeout_plugin.pth"  # LibreLane's
	@touch $@

# Installs what is missing when root or a password-free sudo is there, else names it and goes on:
# `spikeout doctor` says what will not work without it.
debian:
	@missing="$$($(PYTHON) flow/doctor.py --missing-debian)"; \
	for also in $(ALSO); do command -v $${also%:*} >/dev/null || missing="$$missing $${also#*:}"; done; \
	$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || missing="$$missing python3-venv"; \
	test -z "$${missing// }" && exit 0; \
	if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then run=""; \
	elif command -v apt-get >/dev/null && sudo -n true 2>/dev/null; then run="sudo"; \
	else echo "please install as root: apt-get install $$missing"; exit 0; fi; \
	$$run apt-get update -qq && \
	DEBIAN_FRONTEND=noninteractive $$run apt-get install -y -qq --no-install-recommends $$missing >/dev/null

$(VENV)/.train: $(VENV)/.installed
	$(PIP) --editable '.[dev,train]'
	@touch $@

test: setup
	$(PYTEST) -m "not full"

# The tests of the report want a browser: program:package.
test-full: ALSO = chromium:chromium chromedriver:chromium-driver
test-full: setup $(VENV)/.train
	$(PYTEST)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup $(VENV)/.train
	$(BIN)/python -m verification.bench

bench-pnr: setup
	$(BIN)/python -m verification.bench pnr

# Trains the shipped networks anew: the same bytes again.
train: setup $(VENV)/.train
	$(BIN)/python -m golden.training.digits

# The network to a signed-off layout: the last step of `run` classifies all test images with the
# final netlist and compares every value with the golden model. It fails unless all is clean.
tapeout: setup
	$(BIN)/spikeout classify golden/networks/$(CHIP).nir --test
	$(BIN)/spikeout pdk build
	$(BIN)/spikeout regress $(CHIP) --level rtl --images 20
	$(BIN)/spikeout run $(CHIP)
	$(BIN)/spikeout report $(CHIP)

clean:
	rm -rf build
