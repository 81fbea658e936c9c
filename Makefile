# Needs Python 3.11 or newer with venv; anything else is installed into .venv.
# PYTHON=python3.13 chooses another interpreter; ARGS="-k name" is handed on to pytest.

PYTHON := $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
	2>/dev/null && echo "$$python" && break; done)

.PHONY: help demo check test lint types contracts bench stop clean

help:
	@echo "make demo       audit the sample project on an embedded PostgreSQL"
	@echo "make test       run the tests: SQLite, PostgreSQL, both ends of the support range"
	@echo "make check      queryscope's own check on the sample project: new findings fail"
	@echo "make lint       ruff: mistakes and format"
	@echo "make types      mypy"
	@echo "make contracts  which module may import which"
	@echo "make bench      measure what recording costs"
	@echo "make stop       stop the embedded PostgreSQL"
	@echo "make clean      delete it and everything else that these commands made"

demo check test lint types contracts bench stop clean:
	@test -n "$(PYTHON)" || { echo "error: make needs Python 3.11 or newer with venv" \
	"(Debian: apt install python3-venv), or PYTHON=/path/to/it" >&2; exit 2; }
	@"$(PYTHON)" tools/dev.py $@ $(ARGS)
