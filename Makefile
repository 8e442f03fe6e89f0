# make demo      audit real locations, compute, write build/report.html
# make test      the tests, without the slow ones
# make check     lint and types
# make slow      the slow and the integration tests
# make proof     more digits, ten million files, many kills: hours; CI does not run it; docs/proof.md
# make fuzz      hostile input for every parser, FUZZ_SECONDS (60) in all
# make fuzz-long the same for hours, following the branches of the code with Atheris
# make notebooks run the notebooks
# make docs      the pages of docs/ as build/docs/index.html; every warning is an error
# make picture   the picture of README.md
# make fit-backblaze DATA=FILE   fits to Backblaze drives 2013-2016, a Parquet of a life each
# make footprints DATA=path   footprints, kernels and rates from catalogues of disasters
# make benchmark speed, memory and start-up; benchmarks/README.md reads the tables
# make audit     known vulnerabilities of the pinned dependencies
# make fresh     make demo and make test on a bare Debian root, by a user who is not root
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

JOBS   ?= $(shell nproc 2>/dev/null || echo 1)

# without a home the engine would be compiled by each process anew
ifneq ($(shell test -w "$$HOME" && echo yes),yes)
export XDG_CACHE_HOME ?= $(CURDIR)/build/cache
endif

.PHONY: install demo test check slow slow-riskmodel slow-verifier proof fuzz fuzz-long notebooks \
	docs picture fit-backblaze footprints benchmark audit fresh clean

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@echo "== installing into $(VENV)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=24'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench,dask,dev,docs,notebooks,postgresql]'
	@echo "== compiling the engine"
	@for method in events conditional; do \
		$(BIN)/riskmodel simulate data/layouts/one-external-disk.toml --method $$method --trials 100 >/dev/null \
		|| exit 1; done
	@$(BIN)/riskmodel history data/layouts/one-external-disk.toml >/dev/null
	@touch $@

demo: $(STAMP)
	@$(BIN)/python -m verifier.demo build

test: $(STAMP)
	@echo "== tests (make slow runs the rest)"
	@$(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal --durations=5 -m "not slow and not integration and not proof"

check: $(STAMP)
	@echo "== lint and types"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

# those of the engine compute, those of the verifier mostly wait for programs: side by side
slow: $(STAMP)
	@echo "== slow and integration tests"
	@$(MAKE) --no-print-directory -j2 -Oline slow-riskmodel slow-verifier

slow-riskmodel: $(STAMP)
	@$(BIN)/python -m pytest -q --durations=15 -m "(slow or integration) and not proof" --ignore=tests/verifier

slow-verifier: $(STAMP)
	@$(BIN)/python -m pytest -q --durations=15 -m "(slow or integration) and not proof" tests/verifier

proof: $(STAMP)
	@echo "== more digits"
	@$(BIN)/python -m pytest -q -s --durations=0 -m proof

FUZZ_SECONDS ?= 60
FUZZ_LONG_SECONDS ?= 14400

fuzz: $(STAMP)
	@echo "== hostile input, $(FUZZ_SECONDS) s"
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS) --jobs $(JOBS)

# what is found stays in build/fuzz: inputs that reach new code, and what broke a parser
fuzz-long: $(STAMP)
	@echo "== hostile input, $(FUZZ_LONG_SECONDS) s, with Atheris"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[fuzz]'
	@FUZZ_ATHERIS=1 FUZZ_KEEP=build/fuzz OPENBLAS_NUM_THREADS=1 \
		$(BIN)/python -m tests.fuzz --seconds $(FUZZ_LONG_SECONDS) --jobs $(JOBS)

notebooks: $(STAMP)
	@echo "== notebooks"
	@if ls notebooks/*.ipynb >/dev/null 2>&1; then $(BIN)/python -m pytest -q --nbmake notebooks; else echo "none yet"; fi

# -E: stubs of the API are made for pages that are read afresh
docs: $(STAMP)
	@echo "== documentation"
	@rm -rf build/docs docs/api/made
	@$(BIN)/python -m sphinx -E -W --keep-going -q -j $(JOBS) -d build/doctrees docs build/docs
	@echo "build/docs/index.html"

picture: $(STAMP)
	@$(BIN)/python docs/picture.py

# all models, then without the one that wore out after three years
FIT := $(BIN)/riskmodel fit --column start_age_hours=entry_hours \
	--column end_age_hours=exit_hours --column batch=serial_prefix4

fit-backblaze: $(STAMP)
	@test -f "$(DATA)" || { echo "fit-backblaze: say where the drives are: DATA=FILE" >&2; exit 2; }
	@mkdir -p build && rm -f build/backblaze.toml
	@$(FIT) "$(DATA)" --name backblaze -o build/backblaze.toml --plot build/backblaze.svg
	@echo && echo "== without ST3000DM001" && $(FIT) "$(DATA)" --without ST3000DM001

footprints: $(STAMP)
	@test -n "$(DATA)" || { echo "make footprints DATA=path: where the catalogues are"; exit 2; }
	@$(BIN)/python -m benchmarks.footprints $(DATA)

benchmark: $(STAMP)
	@echo "== benchmarks"
	@$(BIN)/python -m benchmarks

audit:
	@echo "== known vulnerabilities of dependencies"
	@$(PYTHON) .ci/audit.py

fresh:
	@.ci/fresh

clean:
	rm -rf build $(VENV)
