# Each target works by itself on a fresh clone and makes what it needs; run it again and it is quick.
VENV ?= .venv
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := $(VENV)/bin
DEMO ?= demo
PIP_FLAGS := --quiet --disable-pip-version-check --no-compile
# What every command imports is compiled at once, on all cores; pip would compile everything, on one. The environment keeps it.
COMPILED := torch diffusers numpy huggingface_hub pydantic rich tyro PIL
NOT_IMPORTED := /(_inductor|_dynamo|testing|onnx|ao|tests|pipelines|modular_pipelines|transformers)/|torch/distributed/
COMPILE = cd "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
	&& "$(abspath $(BIN))/python" -m compileall -q -j 0 -x '$(NOT_IMPORTED)' $(COMPILED)
export PYTHONDONTWRITEBYTECODE :=
# One thread a process; tests/conftest.py says how many processes, and which tests one of them does together.
PYTEST = OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 4
CHECKED := src tests bench docs/hooks
FUZZ_CASES ?= 10000

.PHONY: demo web test test-all test-long fuzz format bench sheets docs
.DEFAULT_GOAL := demo

demo: $(VENV)/.installed-demo
	$(BIN)/soundini demo -o $(DEMO)

web: $(VENV)/.installed-web
	$(BIN)/soundini web

test: $(VENV)/.installed-test
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(PYTEST) -m "not long"

# The long ones as well: kills, a full disk, whole edits on real weights, 2,000 damaged files.
test-all: test test-long

test-long: $(VENV)/.installed-test
	SOUNDINI_FUZZ_CASES=2000 $(PYTEST) -m "long or fuzz"

fuzz: $(VENV)/.installed-test
	SOUNDINI_FUZZ_CASES=$(FUZZ_CASES) $(BIN)/python -m pytest tests/fuzz

format: $(VENV)/.installed-test
	$(BIN)/ruff format $(CHECKED)
	$(BIN)/ruff check --fix $(CHECKED)

docs: $(VENV)/.installed-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict
	@echo "the pages lie in site/index.html"

bench: $(VENV)/.installed-demo
	$(BIN)/python bench/edit.py
	$(BIN)/python bench/jobs.py

sheets: $(VENV)/.installed-demo
	@test -n "$(CLIP)" -a -n "$(SOUNDS)" || \
	{ echo "say what to draw: make sheets CLIP=clip.mp4 SOUNDS=folder-with-sounds.csv" >&2; exit 2; }
	$(BIN)/python bench/contact_sheets.py "$(CLIP)" "$(SOUNDS)"

$(VENV)/.installed-demo: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install $(PIP_FLAGS) --editable '.[demo]'
	$(COMPILE)
	@touch $@

$(VENV)/.installed-web: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install $(PIP_FLAGS) --editable '.[web]'
	$(COMPILE)
	@touch $@

$(VENV)/.installed-test: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install $(PIP_FLAGS) --editable '.[demo,test]'
	$(COMPILE)
	@touch $@ $(VENV)/.installed-demo $(VENV)/.installed-web

$(VENV)/.installed-docs: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install $(PIP_FLAGS) --editable '.[docs]'
	@touch $@

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "soundini needs Python 3.11 or newer: install it, or name it with make PYTHON=..." >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "this Python cannot make environments: install python3-venv (Debian, Ubuntu)" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
