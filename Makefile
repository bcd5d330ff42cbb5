# What one does with this project. `make` alone says it.
PYTHON ?= python3
PORT ?= 8000
REQUIRE_ALL ?= no
BIN := .venv/bin

.PHONY: help install run test check bench bench-quick format lock messages pictures
MO := locale/de/LC_MESSAGES/django.mo
.DEFAULT_GOAL := help

help:
	@echo "make run      the console with a simulated store, on http://127.0.0.1:$(PORT)"
	@echo "make test     the tests        make check    format, lint, types, migrations, templates"
	@echo "make bench    the budgets over a million jobs (docs/performance.md); make bench-quick over 100,000"
	@echo "make install  .venv and static files, without starting anything"
	@echo "make format   formats the code make lock     renews the locked requirements"
	@echo "make messages collects the texts to be translated (needs GNU gettext)"
	@echo "make pictures takes the README's pictures of the demo (needs Chromium)"

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv .venv

.venv/.run: requirements.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	touch $@

.venv/.dev: requirements-dev.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	touch $@ .venv/.run

$(MO): $(MO:.mo=.po) .venv/.run
	@$(BIN)/pybabel --quiet compile --domain=django --directory=locale

install: .venv/.run $(MO)
	$(BIN)/python manage.py collectstatic --noinput --verbosity=0

run: .venv/.run $(MO)
	@$(BIN)/python manage.py demo --port $(PORT)

test: .venv/.dev $(MO)
	@PATH="$(CURDIR)/$(BIN):$$PATH" REQUIRE_ALL=$(REQUIRE_ALL) sh tests/run.sh

check: .venv/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/djlint templates --lint --check --quiet
	$(BIN)/deptry .

bench: .venv/.dev
	@$(BIN)/python -m tests.bench

bench-quick: .venv/.dev
	@$(BIN)/python -m tests.bench --quick

format: .venv/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/djlint templates --reformat --quiet

lock: .venv/.dev
	$(BIN)/uv pip compile --universal --generate-hashes --no-header --quiet --extra postgres pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --universal --generate-hashes --no-header --quiet --extra postgres --extra dev pyproject.toml -o requirements-dev.txt

messages: .venv/.dev
	$(BIN)/python manage.py makemessages --locale=de --no-location --no-wrap --ignore=.venv --ignore=var --ignore=tests

pictures: .venv/.dev $(MO)
	@$(BIN)/python -m tests.pictures
