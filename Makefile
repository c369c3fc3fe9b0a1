# One line a target; CI calls the same. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help setup fmt lint types test test-all sweep sweep-texts sweep-scripts faults faults-writes golden bench bench-small bench-compare docs check audit sbom build demo clean
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest -n auto --dist worksteal
QUICK := not slow and not compat and not network
COVERING := --cov --cov-report= --cov-fail-under=0
BASE ?= main
DEMO ?= northlight

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16
setup: .venv/.dev ## make .venv with everything a developer needs
.venv/.%: pyproject.toml constraints.txt setup.sh
	@sh setup.sh $*
fmt: .venv/.dev ## format the code and mend what lint can mend
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .
lint: .venv/.dev ## style, layers and spelling
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && PYTHONPATH=engine:flight_server:cli:drivers $(BIN)/lint-imports && $(BIN)/codespell
types: .venv/.dev ## mypy, strict
	$(BIN)/mypy
test: .venv/.dev ## the quick suite: no root, no servers, no network
	$(PYTEST) -m "$(QUICK)" $(COVERED)
# Coverage doubles the time of what runs in process: it is taken of the quick suite and of migrations.
test-all: COVERED = $(COVERING)
test-all: test ## everything, with coverage of the engine
	$(PYTEST) tests/migrations -m "not ($(QUICK))" --cov --cov-append --cov-report=term:skip-covered
	$(PYTEST) -m "not ($(QUICK))" --ignore=tests/migrations
sweep: .venv/.dev ## what the full suite takes samples of, at length: commits, scripts, damage (SEED=1)
	INGITDB_TEST_SWEEP=1 INGITDB_TEST_SEED=$(or $(SEED),1) $(PYTEST) tests/compat/test_oracle.py tests/compat/test_same_answer.py \
		tests/compat/test_diff_oracle.py tests/compat/test_minimal_text.py tests/compat/test_doltlite.py tests/compat/test_faults.py \
		tests/compat/test_writing_oracle.py tests/compat/test_defining_oracle.py tests/compat/test_durability_counter.py \
		tests/property/test_algebra.py tests/drivers/test_sqlalchemy_suite.py tests/migrations/test_killed.py tests/flight_server/test_robustness.py
sweep-texts: .venv/.dev ## 5,000 scalars of each shared repository, and of torture files, changed one by one (SEED=1)
	INGITDB_TEST_TEXTS=$(or $(COUNT),5000) INGITDB_TEST_SEED=$(or $(SEED),1) $(BIN)/python -m pytest -n 2 -rP tests/compat/test_minimal_text_of_files.py
sweep-scripts: .venv/.dev ## 500 scripts of SQL, run here and in DuckDB (SEED=1 COUNT=500)
	INGITDB_TEST_SCRIPTS=$(or $(COUNT),500) INGITDB_TEST_SEED=$(or $(SEED),1) $(BIN)/python -m pytest -rP tests/compat/test_sql_scripts.py
faults: .venv/.dev ## 200 rounds of kill -9 while indexing (SEED=1 ROUNDS=200)
	INGITDB_TEST_KILL_ROUNDS=$(or $(ROUNDS),200) INGITDB_TEST_SEED=$(or $(SEED),1) $(BIN)/python -m pytest -x -s tests/compat/test_kill.py
faults-writes: .venv/.dev ## 300 rounds of kill -9 under eight writers (SEED=1 ROUNDS=300)
	INGITDB_TEST_KILL_ROUNDS=$(or $(ROUNDS),300) INGITDB_TEST_SEED=$(or $(SEED),1) $(BIN)/python -m pytest -x -s tests/compat/test_durability.py
golden: .venv/.dev ## rewrite the golden files; then read the diff
	INGITDB_TEST_GOLDEN=rewrite $(PYTEST) tests/golden tests/e2e tests/recipes; git diff --stat -- tests docs/drivers/status.md
bench: .venv/.dev ## benchmarks, rivals in the same run
	mkdir -p .make && $(BIN)/python -m pytest benchmarks --benchmark-only --benchmark-json=.make/bench.json
bench-small: .venv/.dev ## benchmarks on the smallest rung of the data ladder, as CI runs them
	INGITDB_BENCH_RECORDS=1000 INGITDB_BENCH_COMMITS=50 $(BIN)/python -m pytest benchmarks --benchmark-only --benchmark-max-time=0.2
bench-compare: .venv/.dev ## benchmarks of BASE (main) against the work tree
	$(BIN)/python benchmarks/compare.py $(BASE)
docs: .venv/.dev ## write the generated documents
	$(BIN)/python docs/generate.py
check: lint types audit sbom test ## what must hold before a change lands
audit: .venv/.dev ## known vulnerabilities of what is installed
	$(BIN)/python .ci/audit.py
# Apart from the rest: with what it brings along, jsonschema takes ten times as long to load.
.venv/.sbom/bin/cyclonedx-py: constraints.txt | .venv/.dev
	$(BIN)/python -m venv .venv/.sbom
	.venv/.sbom/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt cyclonedx-bom && touch $@
sbom: .venv/.dev .venv/.sbom/bin/cyclonedx-py ## the bill of materials, sbom.json
	.venv/.sbom/bin/cyclonedx-py environment --pyproject pyproject.toml --mc-type library --output-reproducible --of JSON -o sbom.json $(BIN)/python
build: .venv/.dev ## wheel and sdist in dist/
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .
demo: .venv/.cli ## build the sample repository and show what it is for
	@$(BIN)/ingitdb demo $(DEMO)
clean: ## remove what the targets made
	rm -rf .make dist build sbom.json $(DEMO) .coverage*
