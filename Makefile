# Every command of Whence. `make` alone explains them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev

SHOP := .cache/shop
SHOP_READY := $(SHOP)/.installed
COMPARISON := .cache/monitor-comparison
COMPARISON_READY := $(COMPARISON)/.installed
MODELS := .cache/models
MODELS_READY := $(MODELS)/.installed
LONG_TESTS := test-adapt test-alerts test-workers test-models test-shop test-compose test-scale test-compose-scale test-kubernetes
UNLISTED_RUNS := bench/recordings/shop-unlisted

SERVICE ?=
FAULT ?=
SEVERITY ?= high
FOR ?= 900
MINUTES ?= 5
VERSION ?=
SHARE ?= 30
SINCE ?=

.PHONY: $(shell sed -n 's/^\([a-z][a-z-]*\):.*/\1/p' $(firstword $(MAKEFILE_LIST)))

help: ## Show this help
	@echo "Whence: finds the root cause of an incident of an AI service, with evidence."
	@echo
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  Settings: .env (see .env.example). DATASET=folder uses your own ratings."

$(RUNTIME): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { echo "whence: Python 3.11, 3.12 or 3.13 is needed, $(PYTHON) is $$($(PYTHON) -V 2>&1): set PYTHON=python3.12, say" >&2; exit 1; }
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) || { echo "whence: cannot make a virtual environment: on Debian, apt-get install python3-venv" >&2; exit 1; }
	@echo "Installing Python packages (once, about a minute)"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@echo "$(CURDIR)/monitor/src" > "$$($(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/whence-monitor.pth"
	@touch $@

$(DEV): requirements-dev.lock $(RUNTIME)
	@echo "Installing development packages"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

$(SHOP_READY): examples/shop/requirements.lock $(RUNTIME)
	@$(PYTHON) -m venv $(SHOP)
	@echo "Installing the shop's own packages"
	@$(SHOP)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r examples/shop/requirements.lock
	@touch $@

$(COMPARISON_READY): monitor/comparison/requirements.lock
	@$(PYTHON) -m venv $(COMPARISON)
	@echo "Installing the packages that the monitor is compared with"
	@$(COMPARISON)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r monitor/comparison/requirements.lock
	@touch $@

$(MODELS_READY): examples/models/requirements.lock $(RUNTIME)
	@$(PYTHON) -m venv $(MODELS)
	@echo "Installing the packages of the example models"
	@$(MODELS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r examples/models/requirements.lock
	@echo "$(CURDIR)/monitor/src" > "$$($(MODELS)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/whence-monitor.pth"
	@touch $@

doctor: $(RUNTIME) ## Check this machine and the settings; say what is wrong and what to do
	@$(PY) -m stack doctor

up: $(RUNTIME) ## Start everything, wait until healthy, print the addresses
	@$(PY) -m stack up

down: $(RUNTIME) ## Stop everything; data is kept
	@$(PY) -m stack down

status: $(RUNTIME) ## Show each process: state, restarts, memory
	@$(PY) -m stack status

logs: $(RUNTIME) ## Follow the logs, or one process's with SERVICE=name
	@$(PY) -m stack logs $(SERVICE)

shell: $(RUNTIME) ## Open a shell in the container of SERVICE=name
	@$(PY) -m stack shell $(SERVICE)

clean: $(RUNTIME) ## Stop and delete all data (asks first)
	@$(PY) -m stack clean

verify: $(RUNTIME) ## Check every dashboard, panel query and alert rule on the live stack
	@$(PY) -m stack verify

size: $(RUNTIME) ## How large the stack has to be and what it costs, on one machine and distributed: RPS=10000 SERVICES=50 [RETENTION=30d] [TRACES=48h] [PRICES=file] [REPLICAS=n] [SPANS=16] [SERIES=100] [INTERVAL=15] [SAMPLED=1]
	@test -n "$(RPS)" -a -n "$(SERVICES)" || { echo "whence: say how much: make size RPS=10000 SERVICES=50" >&2; exit 2; }
	@$(PY) -m stack.size --rps "$(RPS)" --services "$(SERVICES)" $(if $(RETENTION),--retention "$(RETENTION)") $(if $(TRACES),--traces "$(TRACES)") $(if $(PRICES),--prices "$(PRICES)") $(if $(REPLICAS),--replicas "$(REPLICAS)") $(if $(SPANS),--spans "$(SPANS)") $(if $(SERIES),--series "$(SERIES)") $(if $(INTERVAL),--interval "$(INTERVAL)") $(if $(SAMPLED),--sampled "$(SAMPLED)")

report: $(RUNTIME) ## Write the operational review as one HTML file [SINCE=7d] [OUT=file]
	@$(PY) -m report --since "$(or $(SINCE),7d)" $(if $(OUT),--out "$(OUT)")

experiments: $(RUNTIME) ## What the experiments of whence.yaml say now, with intervals and decisions [EXPERIMENT=name]
	@$(PY) -m decisions.experiments $(EXPERIMENT)

gate: $(RUNTIME) ## Judge whether a version may serve users, beside the live one [VERSION=candidate] or [CARD=file LIVE=file] [OVERRIDE="name: reason"]
	@$(PY) -m stack gate "$(VERSION)" $(if $(CARD),--card "$(CARD)") $(if $(LIVE),--live "$(LIVE)") $(if $(OVERRIDE),--override "$$OVERRIDE")

rollout: $(RUNTIME) ## Serve a version that passes the gate to a share of the users [VERSION=candidate] [SHARE=30], or an experiment's [EXPERIMENT=name] [WHO=name] [WHY=reason] [OVERRIDE="name: reason"]
	@$(PY) -m stack rollout "$(VERSION)" "$(SHARE)" $(if $(EXPERIMENT),--experiment "$(EXPERIMENT)") $(if $(OVERRIDE),--override "$$OVERRIDE")

release: $(RUNTIME) ## Make a version live step by step, rolled back if it is worse; without VERSION: go on, or show it [VERSION=name] [WHO=name] [WHY=reason] [OVERRIDE="name: reason"]
	@$(PY) -m stack release "$(VERSION)" $(if $(OVERRIDE),--override "$$OVERRIDE")

release-continue: $(RUNTIME) ## Let a release that asks go on [WHO=name]
	@$(PY) -m stack release-continue

retrain: $(RUNTIME) ## Retrain or not, by the verdict, and why; a yes is trained, gated and released [SERVICE=name] [MODEL=name] [WATCH=1 goes on by itself]
	@$(PY) -m stack retrain $(if $(SERVICE),--service "$(SERVICE)") $(if $(MODEL),--model "$(MODEL)") $(if $(WATCH),--watch)

shadow: $(RUNTIME) ## Let a model version answer a share of the requests too, unseen by users [VERSION=candidate] [SHARE=10]
	@$(PY) -m stack shadow "$(VERSION)" $(if $(filter-out file,$(origin SHARE)),--share "$(SHARE)")

shadow-off: $(RUNTIME) ## Let no version answer in the shadow any more
	@$(PY) -m stack shadow-off

rollback: $(RUNTIME) ## Serve the live model version to all users again [WHO=name] [WHY=reason]
	@$(PY) -m stack rollback

audit: $(RUNTIME) ## Verify who changed what about models, when and why; show the last entries [LAST=10] [ABOUT=version, experiment or model] [SEEN=hash] [ACCESS=1: who logged in and called for changes]
	@$(PY) -m stack $(if $(ACCESS),access-trail,audit) $(if $(LAST),--last "$(LAST)") $(if $(ABOUT),--about "$(ABOUT)") $(if $(SEEN),--seen "$(SEEN)")

token: $(RUNTIME) ## Make an API token of the incidents pages, shown once: NAME=name ROLE=viewer|operator|admin|sender [DAYS=90]; [REVOKE=1] revokes it; without NAME: list
	@$(PY) -m stack token $(if $(NAME),"$(NAME)") $(if $(ROLE),--role "$(ROLE)") $(if $(DAYS),--days "$(DAYS)") $(if $(REVOKE),--revoke)

lineage: $(RUNTIME) ## Where a version, data set or request came from and whom it served: VERSION=name | DATASET=hash | TRACE=id
	@DATASET= $(PY) -m stack lineage $(if $(VERSION),--version "$(VERSION)") $(if $(findstring command,$(origin DATASET)),--dataset "$(DATASET)") $(if $(TRACE),--trace "$(TRACE)")

migrate: $(RUNTIME) ## Move incidents into another, empty database, SQLite or PostgreSQL, and back: FROM=file or URL TO=URL or file, one of which may be left out: the stack's own; models into another bucket: TO=https://host/bucket, or back: FROM=
	@case "$(FROM) $(TO)" in
	  *http://* | *https://*) $(PY) -m stack migrate -- "$(FROM)" "$(TO)" ;;
	  *) $(PY) -m stack migrate-incidents -- "$(FROM)" "$(TO)" ;;
	esac

mlflow: $(RUNTIME) ## Log every trained version, with its card, to an MLflow server: SERVER=http://host:port
	@$(PY) -m stack mlflow $(if $(SERVER),"$(SERVER)")

explain: $(RUNTIME) ## Diagnose the last minutes: root cause and evidence [SINCE=15m] [SERVICE=name of a service of yours]
	@$(PY) -m diagnosis --since "$(or $(SINCE),15m)" $(if $(SERVICE),--service "$(SERVICE)")

break: $(RUNTIME) ## Inject a fault for FOR seconds: FAULT=name [SEVERITY=low|medium|high] [FOR=900]
	@$(PY) -m faults break "$(FAULT)" "$(SEVERITY)" --for "$(FOR)"

mend: $(RUNTIME) ## Undo every fault
	@$(PY) -m faults mend

faults: $(RUNTIME) ## List the faults and their user impact
	@$(PY) -m faults list

shop: $(SHOP_READY) ## Start a second system to observe: a shop with stock OpenTelemetry (examples/shop)
	@settings=$$($(PY) -c 'from stack.settings import load_settings as load; from stack.running.modes import recall_mode; s = load(); print(f"OTLP_HTTP_PORT={s.otlp_http_port} MODE={s.mode or recall_mode() or str()}")')
	if [[ "$$settings" != *MODE=containers ]]; then
	  export SHOP_TOXIPROXY="$$($(PY) -m components path toxiproxy-server)" SHOP_PROCESS_COMPOSE="$$($(PY) -m components path process-compose)"
	fi
	env $$settings $(SHOP)/bin/python -m examples.shop up

shop-down: $(SHOP_READY) ## Stop the shop; its data is kept
	@$(SHOP)/bin/python -m examples.shop down

shop-break: $(SHOP_READY) ## Inject a fault into the shop for FOR seconds: FAULT=name [SEVERITY=low|medium|high] [FOR=900]
	@$(SHOP)/bin/python -m examples.shop break "$(FAULT)" "$(SEVERITY)" --for "$(FOR)"

shop-mend: $(SHOP_READY) ## Undo every fault of the shop
	@$(SHOP)/bin/python -m examples.shop mend

shop-faults: $(SHOP_READY) ## List the shop's faults and their user impact
	@$(SHOP)/bin/python -m examples.shop faults

models-install: $(MODELS_READY) ## Install the packages of the example models, apart from Whence's

models: $(MODELS_READY) ## Start two services with models of their own, watched by whence_monitor (examples/models)
	@export OTLP_HTTP_PORT="$$($(PY) -c 'from stack.settings import load_settings as load; print(load().otlp_http_port)')"
	export MODELS_PROCESS_COMPOSE="$$($(PY) -m components path process-compose)"
	$(MODELS)/bin/python -m examples.models up

models-down: $(MODELS_READY) ## Stop them; their data is kept
	@$(MODELS)/bin/python -m examples.models down

models-break: $(MODELS_READY) ## Inject a fault into one of them for FOR seconds: FAULT=name [SEVERITY=low|high] [FOR=900]
	@$(MODELS)/bin/python -m examples.models break "$(FAULT)" "$(SEVERITY)" --for "$(FOR)"

models-mend: $(MODELS_READY) ## Undo every fault of theirs
	@$(MODELS)/bin/python -m examples.models mend

models-faults: $(MODELS_READY) ## List their faults and their effects
	@$(MODELS)/bin/python -m examples.models faults

generate: $(RUNTIME) ## Write dashboards and rules: the committed defaults, and those of whence.yaml; TARGET=kubernetes: as resources [OUT=folder] [NAMESPACE=whence] [STACK=kube-prometheus-stack]
	@case "$(TARGET)" in
	  "") $(PY) -m stack generate && $(PY) -m generation ;;
	  kubernetes) $(PY) -m generation.kubernetes --out "$(or $(OUT),data/generated/kubernetes)" $(if $(NAMESPACE),--namespace "$(NAMESPACE)") $(if $(STACK),--stack "$(STACK)") ;;
	  *) echo "whence: TARGET is kubernetes, or left out" >&2; exit 2 ;;
	esac

diff: $(RUNTIME) ## Show what whence.yaml changes in panels, rules and receivers
	@$(PY) -m stack diff

check: $(DEV) ## Static checks: style, types, import directions, generated files, configurations
	@$(PY) -m components build otelcol-whence jaeger promtool amtool docker-compose
	bin() { $(PY) -m components path "$$1"; }
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy .
	$(VENV)/bin/lint-imports
	$(VENV)/bin/yamllint --strict .
	$(PY) -m generation --check
	"$$(bin otelcol-whence)" validate --config collector/config.yaml --config collector/generated/chosen.yaml
	"$$(bin jaeger)" validate --config jaeger/config.yaml
	"$$(bin promtool)" check config --syntax-only prometheus/prometheus.yml
	"$$(bin promtool)" check rules --lint-fatal alerts/generated/prometheus/*.yaml
	"$$(bin amtool)" check-config alerts/generated/alertmanager/alertmanager.yml
	"$$(bin docker-compose)" --env-file .env.example config --quiet
	"$$(bin docker-compose)" --env-file .env.example -f docker-compose.yml -f deploy/scale/compose.yml config --quiet
	echo "Checks passed."

test-fast: $(DEV) ## Tests that need no running stack (about a minute)
	@$(PY) -m pytest -q -n 3 --dist worksteal tests/unit tests/contract fastotel/tests monitor/tests

test-rules: $(DEV) ## Each alert and recording rule in promtool: inactive just before, firing, resolved
	@$(PY) -m components build promtool
	$(PY) -m pytest -q -n 2 tests/rules

test-live: $(DEV) ## Tests on a stack of their own, started and stopped by the tests, beside those that need none
	@$(PY) -m pytest -q -n 2 --dist loadfile --durations=15 tests/e2e tests/browser $(foreach file,alerting/test_alerts dashboards/test_errors examples/test_adapt examples/test_forks examples/test_models examples/test_shop stack/test_scale stack/test_workers,--ignore=tests/e2e/$(file).py)

test-adapt: $(DEV) $(MODELS_READY) ## Follow docs/adapt.md word for word on a live stack (14 minutes)
	@$(PY) -m pytest -q tests/e2e/examples/test_adapt.py

test-alerts: $(DEV) ## Inject faults on a live stack and see their alerts arrive and their panels fill (13 minutes)
	@$(PY) -m pytest -q tests/e2e/alerting/test_alerts.py tests/e2e/dashboards/test_errors.py

test-workers: $(DEV) ## Four workers on a live stack, one of which is killed; a stock service forked and replicated (9 minutes)
	@$(PY) -m pytest -q tests/e2e/stack/test_workers.py tests/e2e/examples/test_forks.py

test-scale: $(DEV) ## Start the distributed stack, kill parts of it under load, compare all counts; needs what docs/scale.md names
	@$(PY) -m pytest -q tests/e2e/stack/test_scale.py

test-shop: $(DEV) $(SHOP_READY) ## Inject each fault into the shop, see its user impact, mend it (8 minutes); needs PostgreSQL and Redis
	@$(PY) -m pytest -q tests/e2e/examples/test_shop.py

test-models: $(DEV) $(MODELS_READY) ## Start the two services with models, break and mend them (3 minutes)
	@$(PY) -m pytest -q tests/e2e/examples/test_models.py

test-compose: $(DEV) ## Tests of the stack in containers; an engine is installed where apt can
	@$(PY) -m pytest -q -s tests/compose --ignore=tests/compose/test_scale.py

test-compose-scale: $(DEV) ## Start the distributed stack in containers, kill parts of it under load, compare all counts
	@$(PY) -m pytest -q -s tests/compose/test_scale.py

test-kubernetes: $(DEV) ## The Helm chart and the rendered resources against an API server, built at the first run; no pod is started
	@$(PY) -m components build otelcol-whence helm etcd kube-apiserver
	$(PY) -m pytest -q tests/kubernetes

define PHASE
phase() {
  local started=$$SECONDS
  echo "── $$1"
  $(MAKE) --no-print-directory "$$1"
  echo "── $$1 took $$((SECONDS - started)) s"
}
endef

test: $(DEV) ## What every change has to pass, with the time of each phase; without the long tests, which have commands of their own and test-all
	@$(PHASE)
	$(PY) -m stack build
	for each in check test-fast test-rules bench-replay test-live; do phase "$$each"; done

test-all: $(DEV) ## All of that and the long tests, one after the other: hours, and what test-shop, test-scale, test-compose and test-kubernetes need
	@$(PHASE)
	for each in test $(LONG_TESTS); do phase "$$each"; done

bench-overhead: $(DEV) ## CPU that telemetry adds per request, against alternatives [ROUNDS=5]
	@$(PY) -m bench.overhead --rounds $(or $(ROUNDS),5)

bench-monitor: $(RUNTIME) $(COMPARISON_READY) ## Cost of watching a model: per observation, memory after a million, series; against whylogs and evidently
	@$(PY) monitor/benchmark.py
	echo
	$(COMPARISON)/bin/python -m monitor.comparison.cost

bench-drift: $(COMPARISON_READY) ## Delay and false alarms of drift detection on known streams, against river and evidently (10 minutes)
	@$(COMPARISON)/bin/python -m monitor.comparison.streams

bench-footprint: $(DEV) ## CPU, garbage collections and memory per process under load [MINUTES=5,60]
	@$(PY) -m bench.footprint --minutes $(MINUTES)

bench-outage: $(RUNTIME) ## User impact of a collector outage [ROUNDS=3]
	@$(PY) -m bench.outage --rounds $(or $(ROUNDS),3)

bench-shadow: $(RUNTIME) ## What a version in the shadow costs users and the machine, as ratios of one run [ROUNDS=10]
	@$(PY) -m components build otelcol-whence
	$(PY) -m bench.shadow run --rounds $(or $(ROUNDS),10)

bench-shadow-page: $(RUNTIME) ## Write the last measurement of the shadow into docs/shadow.md
	@$(PY) -m bench.shadow document

bench-alert-delay: $(RUNTIME) ## Delay from the first faulty request to the alert in the inbox [ROUNDS=5]
	@$(PY) -m bench.alert_delay --repetitions $(or $(ROUNDS),5)

bench-quiet: $(RUNTIME) ## Alerts that fire without a fault; an hour is the objective [MINUTES=5]
	@$(PY) -m bench.quiet --minutes $(MINUTES)

bench-experiments: $(RUNTIME) ## False positives, power and time of experiments, simulated (5 minutes) [PAGE=1 writes docs/experiments.md]
	@$(PY) -m bench.experiments $(if $(PAGE),--page)

bench-releases: $(RUNTIME) ## Rollbacks, time and users reached by releases, simulated, beside two other rules (2 minutes) [PAGE=1 writes docs/releases.md]
	@$(PY) -m bench.releases $(if $(PAGE),--page)

bench-releases-live: $(RUNTIME) ## Releases of better and worse versions, with and without slow storage, on live stacks of their own (3½ hours, resumable) [ROUNDS=5] [CASES=better,worse]
	@$(PY) -m bench.releases.live run --rounds $(or $(ROUNDS),5) $(if $(CASES),--cases "$(CASES)")

bench-releases-live-page: $(RUNTIME) ## Write the live releases into docs/releases.md, with two other rules replayed on them
	@$(PY) -m bench.releases.live document

bench-retraining: $(RUNTIME) ## Retrain or not, on all recorded incidents, in seconds; fails if one is answered wrongly [PAGE=1 simulates retrainings, too, and writes docs/retraining.md]
	@$(PY) -m bench.retraining $(if $(PAGE),--page)

bench-retraining-live: $(RUNTIME) ## Drift that is retrained for without a person, and what is no reason to, on live stacks of their own (9 hours, resumable) [ROUNDS=5] [CASES=concept-drift,surge]
	@$(PY) -m bench.retraining.live run --rounds $(or $(ROUNDS),5) $(if $(CASES),--cases "$(CASES)")

bench-retraining-live-page: $(RUNTIME) ## Write the live retrainings into docs/retraining.md
	@$(PY) -m bench.retraining.live document

bench-incidents: $(RUNTIME) ## Accuracy of verdicts on live stacks with faults; hours, resumable [SPLIT=report] [SCENARIOS=path] [ONLY='storage-*'] [OUT=file] [STACKS=1] [PLAN=1]
	@$(PY) -m bench.incidents run $(if $(SPLIT),--split $(SPLIT)) $(if $(SCENARIOS),--scenarios "$(SCENARIOS)") $(if $(ONLY),--only '$(ONLY)') $(if $(OUT),--out "$(OUT)") --stacks $(or $(STACKS),1) $(if $(PLAN),--plan)

bench-incidents-page: $(RUNTIME) ## Write the reported runs into docs/benchmark.md [SCENARIOS=path] [OUT=file]
	@$(PY) -m bench.incidents document $(if $(SCENARIOS),--scenarios "$(SCENARIOS)") $(if $(OUT),--out "$(OUT)")

bench-replay: $(RUNTIME) ## Diagnose all recorded runs again, in seconds; fails below its floor
	@$(PY) -m bench.incidents replay

bench-waves: $(RUNTIME) ## A second trouble, a false alert first, trouble during the start, two hours of trouble, on live stacks (3 hours, resumable) [CASES=long,start-up] [HOURS=2] [ROUNDS=1] [OUT=file]
	@$(PY) -m bench.waves run --rounds $(or $(ROUNDS),1) --hours $(or $(HOURS),2) $(if $(CASES),--cases "$(CASES)") $(if $(OUT),--recording "$(OUT)")

bench-waves-page: $(RUNTIME) ## Write these runs into docs/benchmark.md [OUT=file]
	@$(PY) -m bench.waves document $(if $(OUT),--recording "$(OUT)")

bench-shop: $(RUNTIME) $(SHOP_READY) ## Accuracy of verdicts on the shop, on live stacks (2½ hours, resumable) [SEED=2101] [ONLY=fault] [UNLISTED=1]; needs PostgreSQL and Redis
	@$(PY) -m bench.shop run $(if $(SEED),--seed "$(SEED)") $(if $(ONLY),--only "$(ONLY)") $(if $(UNLISTED),--unlisted --recordings $(UNLISTED_RUNS))

bench-shop-replay: $(RUNTIME) ## Diagnose the recorded runs of the shop again [UNLISTED=1]
	@$(PY) -m bench.shop replay $(if $(UNLISTED),--recordings $(UNLISTED_RUNS))

bench-shop-page: $(RUNTIME) ## Write the runs of the shop into docs/benchmark.md
	@$(PY) -m bench.shop document

bench-models: $(RUNTIME) $(MODELS_READY) ## Accuracy of verdicts on watched models, on live stacks (6 hours, resumable) [SEED=3101] [ONLY=part of a fault's name] [SETS=4]
	@$(PY) -m components build process-compose
	$(PY) -m bench.models run $(if $(SEED),--seed "$(SEED)") $(if $(ONLY),--only "$(ONLY)") $(if $(SETS),--sets "$(SETS)")

bench-models-replay: $(RUNTIME) ## Diagnose the recorded runs of watched models again
	@$(PY) -m bench.models replay

bench-models-page: $(RUNTIME) ## Write the runs of watched models into docs/benchmark.md
	@$(PY) -m bench.models document

bench-petshop: $(RUNTIME) ## Accuracy on PetShop, a public set of root causes, read from a folder DATA=folder [SPLIT=train]
	@test -n "$(DATA)" || { echo "whence: say where PetShop is: make bench-petshop DATA=folder" >&2; exit 2; }
	@$(PY) -m bench.petshop "$(DATA)" $(if $(SPLIT),--split "$(SPLIT)")

bench-nezha: $(RUNTIME) ## Accuracy on Nezha, a public set of faults in two systems, read from a folder DATA=folder
	@test -n "$(DATA)" || { echo "whence: say where Nezha is: make bench-nezha DATA=folder" >&2; exit 2; }
	@$(PY) -m bench.nezha "$(DATA)"

bench-topology: $(RUNTIME) ## CPU seconds of a diagnosis with 20 and 200 services in the map; fails above its limits
	@$(PY) -m bench.topology

bench-replicas: $(RUNTIME) ## A diagnosis of 200 services of 20 replicas in a real Prometheus, and where its time goes [SERVICES=200] [REPLICAS=20]
	@$(PY) -m components build prometheus
	$(PY) -m bench.replicas $(if $(SERVICES),--services "$(SERVICES)" --calls "$$((3 * $(SERVICES)))") $(if $(REPLICAS),--replicas "$(REPLICAS)")

bench-storm: $(RUNTIME) ## 5,000 alerts within a minute: all taken, grouped, and pages within 300 ms (p95) [ALERTS=5000] [DATABASE=postgresql://…]
	@$(PY) -m bench.storm $(if $(ALERTS),--alerts "$(ALERTS)") $(if $(DATABASE),--database "$(DATABASE)")

bench-scale: $(RUNTIME) ## What telemetry takes at 10, 50, 200 requests/s with 1, 10, 50 services, beside the model (17 minutes) [SECONDS_EACH=60]
	@$(PY) -m bench.scale run $(if $(SECONDS_EACH),--seconds "$(SECONDS_EACH)")

bench-scale-page: $(RUNTIME) ## Write what was measured, and sizes, into docs/size.md
	@$(PY) -m bench.scale document

bench-scale-faults: $(RUNTIME) ## Parts of the distributed stack killed under load, and a partition: what is lost, told twice, when it is back (2½ hours, resumable, as root) [ONLY=broker,jaeger] [ROUNDS=1]
	@$(PY) -m bench.scale_faults run --rounds $(or $(ROUNDS),1) $(if $(ONLY),--only "$(ONLY)")

bench-scale-faults-page: $(RUNTIME) ## Write the faults that were run into docs/scale.md
	@$(PY) -m bench.scale_faults document

bench-pipeline: $(RUNTIME) ## Spans and metric points per second and core, all kept, and what gives way first (10 minutes) [RATES=1000,5000]
	@$(PY) -m bench.pipeline $(if $(RATES),--rates "$(RATES)")

lock: $(DEV) ## Resolve the dependencies again (needs uv)
	@uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml -o requirements.lock
	@uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock
