# Everything runs from a fresh clone: each target sets up what it needs.
SAMPLE ?= examples/typical
JOBS ?= 2
BIN := .venv/bin

.PHONY: help setup demo test lint types format template docs catalogue bench clean

help:  ## Show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/'

setup: .venv/ready  ## Make .venv, install pinned packages and bubblewrap

.venv/ready: pyproject.toml constraints.txt scripts/setup
	scripts/setup

demo: setup  ## Grade a sample submission and show its report
	$(BIN)/grade submit --exit-zero $(SAMPLE)

test: setup  ## Run all tests
	$(BIN)/pytest -n $(JOBS) --dist worksteal -q

lint: setup  ## Check style
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: setup  ## Check types
	$(BIN)/mypy

format: setup  ## Bring the code into the house style
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

template: setup  ## Generate student_template/ and examples/empty/ from the exercises' starters
	$(BIN)/python -m grader.template
	$(BIN)/python -m grader.template examples/empty

docs: setup  ## Generate docs/catalogue.md from what is published and measured
	$(BIN)/python -m reference --markdown docs/catalogue.md

catalogue: setup  ## Collect every sentence for translation, name those that lack one, compile the catalogues
	$(BIN)/python -m grader.catalogue

bench: setup  ## Measure what benchmarks/README.md reports
	$(BIN)/python benchmarks/submit.py

clean:  ## Remove what the other targets made
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
