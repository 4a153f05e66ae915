# Needs Python 3.11 to 3.13, git and make; everything else is installed into $(VENV), once.

VENV       ?= .venv
EXPERIMENT ?= quick
JOBS       ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
PYTHON     ?=
EXTRAS     ?= dev
ARGS       ?=

# The choice of torch's build is remembered, so that it need not be repeated in every command.
TORCH_RECORD := $(VENV)/.torch-index
RECORDED     := $(shell cat $(TORCH_RECORD) 2>/dev/null)
TORCH_INDEX  ?= $(RECORDED)

BIN   := $(VENV)/bin
STAMP := $(VENV)/.installed

BENCHMARK = $(BIN)/python -m experiments experiment=$(EXPERIMENT) \
	hydra/launcher=joblib hydra.launcher.n_jobs=$(JOBS) $(ARGS)
REPORT = $(BIN)/python -m experiments report --experiment $(EXPERIMENT)

# Workers are processes: with more threads than cores they slow each other down several times.
export OMP_NUM_THREADS := 1

.DEFAULT_GOAL := help
.PHONY: help install reproduce benchmark report tables docs test endurance lint format clean changed-torch-index

help:  ## Show this list
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/  make \1|\2/p' $(MAKEFILE_LIST) \
		| while IFS='|' read -r target text; do printf '%-18s%s\n' "$$target" "$$text"; done
	@echo
	@echo '  EXPERIMENT=quick    a file of conf/experiment: quick, real, ...'
	@echo '  JOBS=$(JOBS)              worker processes'
	@echo '  ARGS="..."          more overrides for a benchmark, or options for pytest'
	@echo '  PYTHON=...          the interpreter to use, Python 3.11 to 3.13'
	@echo '  EXTRAS=$(EXTRAS)          groups of optional dependencies to install: dev,tabpfn,parquet'
	@echo '  TORCH_INDEX=...     package index of the torch build to use, for torch alone'
	@echo '  DENOGRAD_DATA=...   folder with the raw files of the real datasets'

reproduce: $(STAMP)  ## Run the benchmark, then write its tables and figure
	@status=0; $(BENCHMARK) || status=$$?; \
	if [ $$status -le 1 ]; then $(REPORT) || status=$$?; fi; \
	exit $$status

benchmark: $(STAMP)  ## Run the benchmark only; what has been computed is kept
	$(BENCHMARK)

report: $(STAMP)  ## Write tables and figure from what has been computed
	$(REPORT)

tables: $(STAMP)  ## Write the published tables and figures anew from results/records.jsonl.gz
	$(BIN)/python -m experiments report --archive

docs: $(STAMP)  ## Build the documentation and run its tutorials; open docs/_build/html/index.html
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html

test: $(STAMP)  ## Run the tests, in parallel but for those that measure time
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal --ignore=tests/benchmarks $(ARGS)
ifeq ($(ARGS),)
	$(BIN)/python -m pytest tests/benchmarks
endif

endurance: $(STAMP)  ## Kill sweeps some two hundred times and compare what comes out
	$(BIN)/python -m pytest -m endurance -s $(ARGS)

lint: $(STAMP)  ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(STAMP)  ## Mend style where that can be done mechanically
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## Remove the environment and all caches; results stay
	@test ! -e $(VENV) || test -f $(VENV)/pyvenv.cfg || \
		{ echo '$(VENV) is no virtual environment: remove it by hand' >&2; exit 1; }
	rm -rf docs/_build docs/auto_tutorials docs/reference/generated
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

install: $(STAMP)  ## Make the environment; the other commands do so by themselves

define FIND_PYTHON
supported='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'; \
for python in $(or $(PYTHON),python3.11 python3.12 python3.13 python3 python); do \
	"$$python" -c "$$supported" 2>/dev/null && break; python=; \
done; \
if [ -z "$$python" ]; then \
	echo 'No Python 3.11, 3.12 or 3.13 found$(if $(PYTHON), as $(PYTHON)).' >&2; \
	echo 'Install one, or name it: make PYTHON=/path/to/python3.12 ...' >&2; \
	exit 1; \
fi
endef

$(STAMP): pyproject.toml constraints.txt
	@$(FIND_PYTHON); \
	echo "Installing into $(VENV) with $$("$$python" --version); the first time takes a few minutes."; \
	"$$python" -m venv $(VENV)
ifneq ($(TORCH_INDEX),)
	$(BIN)/python -m pip install --no-deps --index-url $(TORCH_INDEX) \
		$(if $(filter $(TORCH_INDEX),$(RECORDED)),,--force-reinstall) "$$(grep '^torch==' constraints.txt)"
endif
	$(BIN)/python -m pip install --constraint constraints.txt --editable '.[$(EXTRAS)]'
	@echo '$(TORCH_INDEX)' > $(TORCH_RECORD)
	@touch $@

# A build of torch other than the one installed is a reason to install, whatever the time stamps say.
ifneq ($(TORCH_INDEX),$(RECORDED))
$(STAMP): changed-torch-index
endif
