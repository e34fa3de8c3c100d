# Kernel by Kernel.   make book: the pages, executed and built.   make test: everything that must hold.
#
# PYTHON=python3.12   the Python to build .venv with (3.10 or newer)
# TORCH='torch==2.12' a requirement or the path of a wheel, instead of the torch that set-up would choose
# PYTEST='-k copy'    further arguments for pytest in `make test`

PYTHON ?= python3
TORCH  ?=
PYTEST ?=

VENV  := .venv
PY    := $(VENV)/bin/python
STAMP := $(VENV)/installed.stamp

.DEFAULT_GOAL := help
.PHONY: help setup book notebooks notebooks-check test bench clean distclean

help:
	@echo "make book      execute every page and build the site into _build/html"
	@echo "make notebooks the book, then a notebook that stands alone for each chapter"
	@echo "make notebooks-check   and execute them in an environment that has neither kbk nor torch"
	@echo "make test      ruff, mypy, the book and pytest, with the time of each"
	@echo "make bench     what the simulator and a verdict cost on this CPU, beside their bars"
	@echo "make setup     only create .venv and install into it"
	@echo "make clean     remove what was built (_build)"
	@echo "make distclean remove .venv too"

setup: $(STAMP)

# Asking for another torch is a reason to set up again.
ifneq ($(strip $(TORCH)),)
.PHONY: $(STAMP)
endif

$(STAMP): pyproject.toml tools/install.py kbk/install/choose.py
	@sh tools/prerequisites.sh "$(PYTHON)"
	@"$(PYTHON)" tools/install.py --venv "$(VENV)" --stamp "$(STAMP)" --torch "$(TORCH)"

book: $(STAMP)
	@"$(PY)" tools/build_book.py

notebooks: book
	@"$(PY)" -m tools.notebooks

notebooks-check: notebooks
	@"$(PY)" tools/check_notebooks.py

test: $(STAMP)
	@"$(PY)" tools/run_parts.py -- $(PYTEST)

bench: $(STAMP)
	@over=0; for part in simulator tracing grading; do "$(PY)" -m kbk.bench.$$part || over=1; done; exit $$over

clean:
	rm -rf _build

distclean: clean
	rm -rf "$(VENV)"
