# The bare call prints what there is. Nothing but Go is needed for `make test`.
.DEFAULT_GOAL := help
SHELL := /bin/sh
.PHONY: help release wheel python-libraries python-package python-versions web web-check docs-test pictures check static test race fuzz ledger laws days simday chaos eval golden bench bench-hub bench-python bench-build bench-docs bench-test e2e e2e-cluster soak lint format format-check tidy-check bench-vet golden-check cross cover demo build clean

FUZZTIME  ?= 10s
FUZZJOBS  ?= 2
SOAKTIME  ?= 10m
CHAOSRUNS ?= 500
LAWS      ?= 20
DAYS      ?= 10
VERSION   ?= 1.0.0-rc1
RELEASECHECKS ?= check e2e
BENCH     ?= .
BENCHTIME ?= 1s
WEBLOAD   ?= 600
FLOORS    := quasar=90,internal/wire=90,hub=90
PLATFORMS := linux/amd64 linux/arm64 darwin/arm64 windows/amd64
LINT      := go tool -modfile=tools/go.mod golangci-lint
GOFILES    = $$(git ls-files -co --exclude-standard '*.go')

# For machines: COVER=1 holds the coverage floors too, COMPLETE=1 fails for
# whatever had to be left out, TOTALS=FILE adds the counts to a file.
TESTSUM := go run ./internal/testsum $(if $(COMPLETE),-complete) $(if $(TOTALS),-totals '$(TOTALS)') -goflags '$(TESTFLAGS)'
COVERED := -cover cover.out -floors $(FLOORS)

help: ## print this
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

check: ## everything that CI holds, end-to-end tests aside
	@$(MAKE) --no-print-directory static
	@$(MAKE) --no-print-directory test COVER=1

static: format-check tidy-check lint bench-vet cross golden-check web-check

test: ## vet and all tests, with the race detector and Python where they are; counts them
	@$(TESTSUM) -python python/tests $(if $(COVER),$(COVERED)) ./...

docs-test: ## every command and code block of the documentation, those that take long too
	QUASAR_DOCS=1 go test -count=1 -v -run 'Documentation|TheMap|Reference' ./internal/app

web-load: build $(if $(shell command -v npm),web/e2e/node_modules/.package-lock.json) ## what the hub's page costs its reader: first paint, then WEBLOAD seconds (600) of 500 assets at 10 updates a second
	QUASAR_BINARY=$(CURDIR)/bin/quasar node web/e2e/paint.js
	QUASAR_BINARY=$(CURDIR)/bin/quasar node web/e2e/load.js $(WEBLOAD)

pictures: build $(if $(shell command -v npm),web/e2e/node_modules/.package-lock.json) ## the pictures of the documentation: quasar demo, two minutes on
	QUASAR_BINARY=$(CURDIR)/bin/quasar node web/e2e/pictures.js

race: ## all Go tests with the race detector, which has to be there
	go test -race $(TESTFLAGS) ./...

e2e-cluster: build ## three hubs that are killed, stopped, cut off and renamed (CLUSTERFLAGS='--faults 1m --only kill'); as root each in a network namespace
	go build -o bin/cluster ./e2e/cluster
	go build -tags nextformat -o bin/quasar-next ./cmd/quasar
	bin/cluster -quasar bin/quasar -next bin/quasar-next $(CLUSTERFLAGS)

soak: build ## a hub among friends and hostile clients for SOAKTIME (10m): growth, delay, broken promises
	go run ./e2e/soak -quasar bin/quasar -time '$(SOAKTIME)' $(SOAKFLAGS)
	QUASAR_SOAK=1 go test ./internal/app -count=1 -v -run '^TestAFloodOfConnectionsIsTurnedAway$$'

simday: build ## a trading day of the simulator at a thousand times our speed, with a client (SIMDAYFLAGS='--length 1h')
	go run ./e2e/simday -quasar bin/quasar $(SIMDAYFLAGS)

days: ## DAYS (10) of a simulator on which everything goes wrong, with a client, under the race detector
	QUASAR_DERIV_DAYS='$(DAYS)' go test -race -count=1 -timeout 2h -v -run 'DaysOfFaults' ./deriv

chaos: ## traders killed CHAOSRUNS (500) times over at a venue that misbehaves; their books compared
	@mkdir -p bin
	go build -tags failpoint -o bin/chaos ./e2e/chaos
	bin/chaos -runs '$(CHAOSRUNS)' $(CHAOSFLAGS)

ledger: ## ten thousand contracts through the client; its view against the simulator's books, to the cent
	QUASAR_SIM_CONTRACTS=10000 go test -count=1 -v -run '^TestTheClientsViewIsTheVenuesBooks$$' ./deriv/derivsim

laws: ## the laws of the prices over LAWS (20) times as many ticks as the tests take; all estimates
	QUASAR_LAWS=$(LAWS) go test -count=1 -v ./price

fuzz: ## every fuzz target for FUZZTIME (10s), FUZZJOBS (2) of them at once
	@grep -rnoE '^func Fuzz[A-Za-z0-9_]+' --include='*_test.go' --exclude-dir=testdata --exclude-dir=node_modules . | \
	sed -E 's|^(.*)/[^/]*:[0-9]+:func (Fuzz.*)$$|\1 \2 $(FUZZTIME)|' | sort -u | xargs -P '$(FUZZJOBS)' -n 3 tools/fuzz

eval: ## the figures that the policies have to reach, as a table (EVALFLAGS='--data DIR --seed 100'); some minutes
	go run ./cmd/quasar eval check $(EVALFLAGS)

golden: ## rewrite the golden files from what the code does; then read the diff
	@pkgs=$$(grep -rlE 'flag\.Bool\("update"' --include='*_test.go' --exclude-dir=testdata --exclude-dir=node_modules . | xargs -r -n1 dirname | sort -u); \
	if [ -n "$$pkgs" ]; then go test -count=1 $$pkgs -run Golden -update; fi

bench: ## all benchmarks (BENCH=regexp BENCHTIME=1s)
	go test ./... -run '^$$' -bench '$(BENCH)' -benchtime '$(BENCHTIME)' -benchmem

bench-hub: bench-build ## the hub beside other servers, half an hour (BENCHFLAGS=--quick: a minute; --help)
	bin/hubbench $(BENCHFLAGS)

bench-python: build ## what a publish costs a Python training loop, whatever the hub does; eight minutes (BENCHFLAGS='--seconds 5')
	$(PYTHON) python/bench_publish.py $(BENCHFLAGS)

bench-build: build
	cd bench && CGO_ENABLED=0 go build -trimpath -o ../bin/ ./cmd/...

bench-docs: bench-build ## measure all that docs/performance.md shows, an hour, and put it there
	bin/hubbench --json docs/performance.json --docs docs/performance.md $(BENCHFLAGS)
	bin/hubbench --growth --json docs/growth.json --docs docs/performance.md --section growth
	bin/plot docs/performance.json docs/performance.svg

bench-test: ## tests of those other servers, which have a module of their own
	cd bench && go vet ./... && go test ./...

NODE_PARTS := $(if $(shell command -v npm),$(patsubst %/package-lock.json,%/node_modules/.package-lock.json,$(wildcard e2e/package-lock.json web/e2e/package-lock.json)))

e2e: $(NODE_PARTS) ## the real binary: clients of others (Python, Node), kills, a browser
	@$(TESTSUM) -race=false -tags e2e $$(grep -rlx '//go:build e2e' --include='*_test.go' --exclude-dir=node_modules . | xargs -n1 dirname | sort -u)

%/node_modules/.package-lock.json: %/package-lock.json
	npm ci --prefix $* --no-audit --no-fund --loglevel=error
	@touch $@

lint: ## the linters of .golangci.yml, pinned in tools/go.mod
	$(LINT) run ./...

format: ## format what Git knows of
	$(LINT) fmt ./...

format-check:
	@bad=$$(gofmt -l $(GOFILES)); if [ -n "$$bad" ]; then echo "not formatted (make format):"; echo "$$bad"; exit 1; fi

tidy-check:
	go mod tidy -diff

bench-vet: # what the hub is measured with has a module of its own, which ./... passes over
	cd bench && go vet ./...

golden-check:
	@sums() { git ls-files -co --exclude-standard | grep -E '(^|/)(golden|testdata|reference)/|/(open|async)api\.json$$' | xargs -r -d '\n' cksum; }; \
	before=$$(sums); $(MAKE) --no-print-directory golden >/dev/null || exit 1; \
	if [ "$$before" != "$$(sums)" ]; then echo "golden files were out of date and have been rewritten: read the diff"; exit 1; fi

cross: ## build for all platforms without cgo
	@for p in $(PLATFORMS); do echo "build $$p"; \
		CGO_ENABLED=0 GOOS=$${p%/*} GOARCH=$${p#*/} go build -o /dev/null ./cmd/quasar || exit 1; done

cover: ## coverage per function, and as bin/cover.html
	go test -coverprofile=cover.out ./...
	go tool cover -func=cover.out
	@mkdir -p bin
	go tool cover -html=cover.out -o bin/cover.html

demo: ## everything in one process, on loopback; Ctrl-C ends it
	go run ./cmd/quasar demo

web: ## web/dist, which the program embeds, of web/src (no Node needed)
	go -C web/build run .

web-check: # what is committed is what the source makes
	go -C web/build vet ./...
	go -C web/build test ./...

build: ## bin/quasar
	CGO_ENABLED=0 go build -trimpath -o bin/quasar ./cmd/quasar

# A test that the machine lacks something for is left out and counted at the end;
# COMPLETE=1 makes no release then.
release: ## all that is published of VERSION (1.0.0-rc1), into dist/: checked (RELEASECHECKS) and built in a clone of what is committed
	@test -z "$$(git status --porcelain)" || { echo 'got changes that are not committed, want none: a release is what is committed' >&2; exit 1; }
	@clone=$$(mktemp -d) && totals=$$(mktemp) && trap 'rm -rf "$$clone" "$$totals"' EXIT && git clone --quiet . "$$clone" \
	&& for check in $(RELEASECHECKS); do $(MAKE) --no-print-directory -C "$$clone" $$check TOTALS="$$totals" || exit 1; done \
	&& go run ./internal/release -source "$$clone" -version '$(VERSION)' -dist dist -python '$(PYTHON)' \
	&& { echo 'checked:'; go run ./internal/testsum -sum -totals "$$totals"; }

PYTHON ?= python3

wheel: ## dist/quasar_client-*.whl, the Python package; wants Python 3.9 or later and nothing else
	@$(PYTHON) python/wheel_of.py dist

PYTHONS ?= python3.9 python3.10 python3.11 python3.12 python3.13 python3.14

python-versions: ## the Python tests on each of PYTHONS (python3.9 to python3.14) that is there
	@ran=; for p in $(PYTHONS); do \
		"$$p" -c '' 2>/dev/null || { echo "left out: no $$p"; continue; }; \
		echo "$$("$$p" --version)"; ran=1; (cd python/tests && "$$p" -W error -m unittest -q) || exit 1; \
	done; test "$$ran"

python-package: ## the Python package installed by pip, checked by mypy (which this installs into bin/), and removed again
	test -x bin/python-package/bin/python || $(PYTHON) -m venv bin/python-package
	bin/python-package/bin/pip install --quiet 'mypy>=1'
	bin/python-package/bin/python -m unittest discover -s python/package

# Beside PyTorch 1, which Debian 12 has, the last Stable-Baselines3 that goes with it.
TORCH1 = $(shell $(PYTHON) -c 'import torch; print("yes" * torch.__version__.startswith("1."))' 2>/dev/null)
SB3   ?= $(if $(TORCH1),--no-deps stable-baselines3==2.3.2 gymnasium==0.29.1,stable-baselines3 lightning)

python-libraries: ## the Python callback and writer with their libraries, which it installs into bin/: 100 MB, and gigabytes without a PyTorch
	test -x bin/python-libraries/bin/python || $(PYTHON) -m venv --system-site-packages bin/python-libraries
	bin/python-libraries/bin/pip install --quiet $(SB3)
	bin/python-libraries/bin/pip install --quiet cloudpickle farama-notifications matplotlib pandas tensorboard $(if $(TORCH1),'numpy<2')
	OMP_NUM_THREADS=1 bin/python-libraries/bin/python -m unittest discover -s python/libraries

clean: ## remove what was built
	rm -rf bin dist cover.out e2e/node_modules web/e2e/node_modules
