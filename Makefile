# make demo: the main job, offline.  make test: the tests.  make check: style, types, layers.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test check clean

$(STAMP): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $(STAMP)

demo: $(STAMP)
	$(BIN)/python -m pytest -q -rN -p no:cacheprovider --pa-cases=builtin:smoke \
	    --pa-model=demo/forgetful --pa-model=demo/attentive --pa-threshold=all=1
	@echo
	@echo "demo/forgetful never thinks of what the user said, demo/attentive does. Both are scripts, not models."
	@echo "Open the report in a browser: reports/report.html"

test: $(STAMP)
	$(BIN)/python -m pytest -n auto --dist worksteal

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .personal-align
