# The words of the project: the same in README, hooks and CI.
PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export TMPDIR := $(CURDIR)/.perennial/tmp
export BENTOML_HOME := $(CURDIR)/.perennial/bentoml
export DVC_SITE_CACHE_DIR := $(CURDIR)/.perennial/dvc

.PHONY: repro test test-full check soak serve image report graph bench quality clean setup lock \
	system experiment comment check-lock verdict post request
.DEFAULT_GOAL := repro

setup: .venv/.runtime

.venv/.runtime: requirements/runtime.txt requirements/uv.txt requirements/install.py
	@mkdir -p $(TMPDIR)
	@$(PYTHON) requirements/install.py runtime

.venv/.dev: requirements/dev.txt requirements/uv.txt requirements/install.py
	@mkdir -p $(TMPDIR)
	@$(PYTHON) requirements/install.py runtime dev

.venv/.full: requirements/full.txt .venv/.dev
	@$(PYTHON) requirements/install.py runtime dev full

repro: .venv/.runtime ## rerun what changed, then say the verdict (exit 1 when the model is not blessed)
	@mkdir -p $(TMPDIR)
	@perennial declarations
	dvc repro
	@perennial report
	@perennial verdict

check: .venv/.dev ## lint, types, import rules, the graph's own truth: seconds
	@mkdir -p $(TMPDIR)
	ruff check src tests bench requirements
	ruff format --check src tests bench requirements
	mypy
	lint-imports --no-cache
	perennial graph --check
	check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	check-jsonschema --builtin-schema vendor.compose-spec deploy/compose.yaml
	zizmor --offline --quiet --persona=auditor --min-severity=low .github/workflows

test: check ## everything that needs wheels only
	pytest -n 2 -m "not slow"

test-full: .venv/.full ## what is slow or needs system packages
	@mkdir -p $(TMPDIR)
	bash tests/system.sh
	pytest -n 2 --dist loadfile -m "slow and not soak"

soak: .venv/.full ## one core against two, every command of the README, the image: half an hour
	@mkdir -p $(TMPDIR)
	bash tests/system.sh containers
	pytest -m soak

serve: .venv/.runtime ## answer predictions on http://127.0.0.1:3000
	@mkdir -p $(TMPDIR)
	@perennial serve

image: .venv/.runtime ## build the container image perennial:VERSION on BASE_IMAGE, with docker, podman or buildah
	@mkdir -p $(TMPDIR)
	@perennial image $${BASE_IMAGE:+--base "$$BASE_IMAGE"}

report: .venv/.runtime ## rebuild the pages from the facts
	@perennial report

graph: .venv/.runtime ## rewrite the generated deps and params of dvc.yaml
	@perennial graph

.perennial/bench: requirements/bench.txt .venv/.dev
	@uv venv --quiet --clear --python .venv/bin/python $@
	@uv pip install --quiet --python $@/bin/python --require-hashes --compile-bytecode -r requirements/bench.txt
	@touch $@

bench: .perennial/bench ## ratios against a named peer or limit, measured in one run
	@mkdir -p $(TMPDIR)
	@for file in $(filter-out bench/quality.py bench/ablation.py,$(wildcard bench/*.py)); do echo "== $$file"; python $$file || exit 1; done

.perennial/peers: requirements/quality.txt .venv/.dev
	@uv venv --quiet --clear --python .venv/bin/python $@
	@uv pip install --quiet --python $@/bin/python --require-hashes -r requirements/quality.txt
	@touch $@

quality: .perennial/peers ## hold the models of the tables in TABLES against FLAML, AutoGluon and CatBoost: minutes a table
	@mkdir -p $(TMPDIR)
	python bench/quality.py $(if $(TABLES),--tables "$(TABLES)") --out docs/quality.md

# What the workflows run. Their arguments come by the environment, so that no shell reads them as words of its own.
system: ## what no wheel brings: OpenMP for LightGBM
	@bash requirements/system.sh

experiment: .venv/.runtime ## run what differs from BASE, or with SETTINGS, whatever dvc.lock claims
	@mkdir -p $(TMPDIR)
	@set -f; set --; for setting in $$SETTINGS; do set -- "$$@" -S "$$setting"; done; \
		perennial experiment --base="$$BASE" "$$@"

comment: .venv/.runtime ## write reports/comment.md: what changed since BASE
	@perennial comment --base="$$BASE" --page="$$PAGE" --out=reports/comment.md

check-lock: .venv/.runtime ## exit 1 when a committed result is not what `make experiment` gave
	@perennial check-lock

verdict: .venv/.runtime ## exit 1 when the model is not blessed and rehearsed
	@perennial verdict

# These two hold a token: they run as `perennial post` and `perennial request` do, without a single package.
post: ## post FILE to the pull request NUMBER, or to that whose HEAD is at COMMIT
	@PYTHONPATH=src $(PYTHON) -B -S -m perennial.commands.posting --pull-request="$$NUMBER" --commit="$$COMMIT" --head="$$HEAD" \
		--file="$$FILE" --name="$${NAME:-report}" --run="$$RUN" --reason="$$REASON" --poster="$${POSTER:-api}"

request: ## read a comment's TEXT: which params an experiment on pull request NUMBER shall have
	@PYTHONPATH=src $(PYTHON) -B -S -m perennial.commands.request --pull-request="$$NUMBER" --text="$$TEXT" \
		--association="$$ASSOCIATION" --out="$$GITHUB_OUTPUT"

lock: .venv/.runtime ## rewrite requirements/*.txt from the .in files
	bash requirements/compile.sh

clean: ## remove what the project made beside the DVC cache and the recorded predictions: environment, scratch, pages
	@if [ -d .perennial ]; then find .perennial -mindepth 1 -maxdepth 1 ! -name records -exec rm -rf {} +; fi
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis dvclive reports/*.html reports/*.md dvc_plots row.json
