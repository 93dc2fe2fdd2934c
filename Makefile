# The first `make lab` or `make test` makes the virtual environment; later ones use it again. Each target
# is a line that you can type yourself once the environment is active (. .venv/bin/activate).
# Another Python or place: make test PYTHON=python3.12 VENV=/somewhere/else

PYTHON ?= python3
VENV   ?= .venv
READY  := $(VENV)/.ready

.PHONY: help lab run experiments bench bench-check test test-browser test-colab test-versions torture lint audit publish
.PHONY: slides handout grade nbgrader pytest-grade named folder

help:
	@echo "make lab                      open the notebooks in JupyterLab"
	@echo "make run                      execute the notebooks and write HTML pages to build/"
	@echo "make experiments              make the stored results anew, hours (NAME=gru-memory: one of them)"
	@echo "make bench                    measure speed beside the book's code, two hours (NAME=beam_search: one part)"
	@echo
	@echo "To teach (docs/teaching.md); SECTION=gru takes one section, else all:"
	@echo "make slides                   write slides of the short path to build/slides"
	@echo "make handout                  write copies to hand out to build/handout (STUDENTS=list.csv: own numbers for each)"
	@echo "make grade IN=folder          grade what came back into build/grades (STUDENTS=list.csv: by those numbers)"
	@echo "make nbgrader                 write a course folder for nbgrader to build/nbgrader"
	@echo "make pytest-grade             write the exercises as plain tests to build/classroom"
	@echo
	@echo "To change the project:"
	@echo "make test                     run the unit tests, and every notebook as a test"
	@echo "make test-browser             open notebooks, pages and slides in Chromium, half an hour (NOTEBOOK=gru: one of them)"
	@echo "make test-colab               run the ten pages as Google Colab would (NOTEBOOK=gru: one of them)"
	@echo "make test-versions            run tests with the oldest and the newest packages (SET=oldest: with these)"
	@echo "make torture                  run the tests of many trials, some minutes"
	@echo "make bench-check              see whether something has become slower, some minutes"
	@echo "make lint                     check style and formatting"
	@echo "make audit                    ask whether a package has a known vulnerability"
	@echo "make publish REPO=owner/name  write the repository's GitHub address everywhere"

# JupyterLab refuses to run as root, because whoever reaches it can then do everything. In a container there is often
# no other user: there it may, if it listens to this machine alone. It wants its token from everybody in any case.
ROOT_ONLY_HERE := $(if $(filter 0,$(shell id -u)),--allow-root --ServerApp.ip=127.0.0.1)

lab: $(READY)
	$(if $(ROOT_ONLY_HERE),@echo "You are root: JupyterLab listens on 127.0.0.1 only.")
	"$(VENV)/bin/jupyter" lab notebooks/index.ipynb --LabApp.default_url=/lab/tree/index.ipynb $(ROOT_ONLY_HERE)

run: $(READY)
	"$(VENV)/bin/python" -m tools.execute

experiments: $(READY)
	"$(VENV)/bin/python" experiments/run.py $(NAME)

bench: $(READY)
	"$(VENV)/bin/python" -m benchmarks $(NAME)

bench-check: $(READY)
	"$(VENV)/bin/python" -m benchmarks.check

slides: $(READY)
	"$(VENV)/bin/python" -m teaching.slides $(SECTION)

handout: $(READY)
	"$(VENV)/bin/python" -m teaching.handout $(SECTION) $(if $(STUDENTS),--students "$(STUDENTS)")

grade: folder $(READY)
	"$(VENV)/bin/python" -m teaching.grade "$(IN)" $(if $(STUDENTS),--students "$(STUDENTS)")

nbgrader: $(READY)
	"$(VENV)/bin/python" -m teaching.nbgrader_course $(SECTION)

pytest-grade: $(READY)
	"$(VENV)/bin/python" -m teaching.pytest_entry $(SECTION)

folder:
	@test -n "$(IN)" || { echo "Which folder? Type: make grade IN=folder" >&2; exit 1; }
	@test -d "$(IN)" || { echo "there is no folder $(IN)" >&2; exit 1; }

test: $(READY)
	"$(VENV)/bin/pytest"

# A browser has more needs than the project: Debian's packages chromium and npm, and what is installed here.
test-browser: $(READY)
	@command -v chromium >/dev/null && command -v npm >/dev/null || { echo "Install chromium and npm first (apt-get install chromium npm)." >&2; exit 1; }
	"$(VENV)/bin/python" -m pip install -q -r requirements-browser.txt
	npm install --silent --no-save --no-audit --no-fund --prefix build/axe axe-core@4.14.1
	"$(VENV)/bin/pytest" -n 0 -m browser tests/browser tests/test_slides.py $(if $(NOTEBOOK),-k "$(NOTEBOOK)")

test-colab: $(READY)
	"$(VENV)/bin/python" -m tools.colab_twin $(NOTEBOOK)

test-versions: $(READY)
	"$(VENV)/bin/python" -m tools.versions $(SET)

torture: $(READY)
	"$(VENV)/bin/pytest" -m torture tests

lint: $(READY)
	"$(VENV)/bin/ruff" check
	"$(VENV)/bin/ruff" format --check

audit: $(READY)
	"$(VENV)/bin/python" -m pip install -q "pip-audit>=2.10,<3"
	"$(VENV)/bin/python" -m tools.audit

publish: named $(READY)
	"$(VENV)/bin/python" -m tools.publish "$(REPO)"

named:
	@test -n "$(REPO)" || { echo "Which repository? Type: make publish REPO=owner/name" >&2; exit 1; }

# Made anew when the requirements change.
$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, and $(PYTHON) is %d.%d. Type, for example: make PYTHON=python3.11 $(MAKECMDGOALS)" % sys.version_info[:2])'
	@$(PYTHON) -c 'import ensurepip, venv' || { echo "$(PYTHON) has no venv module; on Debian and Ubuntu, install python3-venv." >&2; exit 1; }
	$(PYTHON) -m venv "$(VENV)"
	"$(VENV)/bin/python" -m pip install -r requirements.txt
	@touch "$@"
