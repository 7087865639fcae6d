# Everything that is done to this repository more than once. `make help` lists it.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The tools' versions stand in tools/go.mod; the first use of one builds it.
TOOL := go tool -modfile=tools/go.mod

# Two build variants and no third, so that nothing is compiled a third time: plain, and this one for tests.
TESTFLAGS := -race -tags invariants

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

# Packages whose tests must cover at least FLOOR per cent of their statements.
FLOOR := 90
FLOORED := internal/gate,internal/gate/standings,internal/policy,internal/event,internal/subject,internal/store,internal/store/sqlite,internal/registry,internal/registry/filing,internal/registry/intake,internal/registry/listing

# How often the kill test kills a server, in the tests and in a soak.
export VETO_KILL_ROUNDS ?= 25
SOAK_ROUNDS ?= 1000

# How long each fuzz target runs in fuzz-short.
FUZZTIME ?= 5s

# What bench runs.
BENCH ?= .
PACKAGES ?= ./...

.PHONY: help
help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build bin/veto.
	go build -ldflags '-X main.version=$(VERSION)' -o bin/veto ./cmd/veto

.PHONY: demo
demo: build ## Show the gate at work: a policy, objections, a real corpus filtered, one more objection. A few seconds.
	./bin/veto demo

.PHONY: test
test: needs ## Run every test with the race detector and the self-checks; the last line is "N passed, N failed".
	@mkdir -p build
	@go build -o build/tally ./test/tally
	@go test -json $(TESTFLAGS) -count=1 -timeout 20m -coverprofile=build/cover.out ./... \
		| ./build/tally -floor $(FLOOR) -cover $(FLOORED)

.PHONY: cover
cover: ## Show what the last `make test` left uncovered, function by function.
	@test -f build/cover.out || { echo 'run `make test` first: it measures the coverage' >&2; exit 1; }
	@go tool cover -func=build/cover.out | grep -v '/gen/' | awk '$$3 != "100.0%"'

# python3 checks the formats' test vectors without any of our code, and in build/venv reads what we write with other engines (test/requirements.txt);
# the race detector needs a C compiler; Node, Java and Maven run the clients of examples/; strace makes disks fail, groff reads the manual page.
.PHONY: needs
needs: ## Install what the tests need and the machine lacks (Debian packages), or say what it is.
	@missing=""; \
	command -v git >/dev/null || missing+=" git"; \
	command -v python3 >/dev/null || missing+=" python3"; \
	python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=" python3-venv"; \
	command -v groff >/dev/null || missing+=" groff-base"; \
	command -v node >/dev/null || missing+=" nodejs"; \
	command -v npm >/dev/null || missing+=" npm"; \
	command -v javac >/dev/null || missing+=" default-jdk-headless"; \
	command -v mvn >/dev/null || missing+=" maven"; \
	command -v strace >/dev/null || [ "$$(uname)" != Linux ] || missing+=" strace"; \
	command -v gcc >/dev/null || command -v clang >/dev/null || missing+=" gcc"; \
	test -e /usr/include/stdlib.h || [ "$$(uname)" != Linux ] || missing+=" libc6-dev"; \
	test -n "$$missing" || exit 0; \
	root=""; [ "$$(id -u)" = 0 ] || root="sudo -n"; \
	if command -v apt-get >/dev/null && $$root true 2>/dev/null; then \
		echo "installing$$missing" >&2; \
		$$root apt-get update -qq >&2; \
		$$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >&2; \
	else \
		echo "the tests need$$missing: please install it, then run this again" >&2; exit 1; \
	fi
	@$(MAKE) build/venv/ready build/node/ready build/settings/ready

build/%/ready: examples/%/package.json examples/%/package-lock.json
	@rm -rf build/$* && mkdir -p build/$*
	@cp examples/$*/package.json examples/$*/package-lock.json build/$*
	cd build/$* && npm ci --silent --no-audit --no-fund
	@touch build/$*/ready

build/venv/ready: test/requirements.txt
	@rm -rf build/venv
	python3 -m venv build/venv
	build/venv/bin/pip install --quiet --disable-pip-version-check -r test/requirements.txt
	@touch build/venv/ready

.PHONY: lint
lint: ## Check the form of protos, Go code and shell: buf, go vet, golangci-lint.
	$(TOOL) buf lint
	$(TOOL) buf format --diff --exit-code proto
	go vet ./...
	$(TOOL) golangci-lint run

.PHONY: format
format: ## Format protos and Go code.
	$(TOOL) buf format --write proto
	$(TOOL) golangci-lint fmt

.PHONY: generate
generate: ## Write gen/ anew from proto/.
	$(TOOL) buf generate proto

.PHONY: generate-check
generate-check: ## Fail where gen/ is not what proto/ makes.
	@fresh=$$(mktemp -d); trap 'rm -rf "$$fresh"' EXIT; \
	$(TOOL) buf generate proto --output "$$fresh"; \
	diff -r gen "$$fresh/gen" || { echo 'gen/ is stale: run `make generate`' >&2; exit 1; }

.PHONY: breaking
breaking: ## Compare proto/ with the last release's image; a difference breaks clients.
	$(TOOL) buf breaking proto --against proto/released.binpb --exclude-imports

.PHONY: released
released: ## Write proto/released.binpb; only with a release, and with a line in CHANGELOG.md.
	$(TOOL) buf build proto --exclude-source-info -o proto/released.binpb

# Go's fuzzing now and then reports the end of its own time as a failure ("context deadline exceeded"); one that it found
# something in names the input that it wrote.
.PHONY: fuzz-short
fuzz-short: ## Run each fuzz target for FUZZTIME (5s).
	@mkdir -p build
	@grep -rHoE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' cmd internal test | sort | while IFS=: read -r file func; do \
		echo "$$(dirname "$$file") $${func#func }"; \
		if ! go test -run='^$$' -fuzz="^$${func#func }$$" -fuzztime=$(FUZZTIME) -fuzzminimizetime=10x "./$$(dirname "$$file")" </dev/null 2>&1 | tee build/fuzz.log; then \
			if grep -q 'Failing input written' build/fuzz.log || ! grep -qx '    context deadline exceeded' build/fuzz.log; then exit 1; fi; \
			echo "its time was over"; \
		fi; \
	done

.PHONY: bench
bench: ## Run the benchmarks (BENCH=pattern, PACKAGES=./internal/gate) and show them with benchstat.
	@mkdir -p build
	go test -run='^$$' -bench='$(BENCH)' -benchmem -count=6 $(PACKAGES) | tee build/bench.txt
	$(TOOL) benchstat build/bench.txt

.PHONY: soak
soak: ## Kill a server SOAK_ROUNDS (1000) times under load, and take its disk's power away 10,000 times; look for every acknowledged event after each.
	VETO_BURST=100000 VETO_WRONG_COLUMN=400000 go test -count=1 -timeout 2h -v -run '^TestStory_(AHundredThousand|Thousands)' ./test/promises
	VETO_POWER_IMAGES=10000 go test -count=1 -timeout 2h -v -run '^TestFault_D02' ./internal/store/...
	VETO_KILL_ROUNDS=$(SOAK_ROUNDS) go test $(TESTFLAGS) -count=1 -timeout 2h -v -run '^TestFault_D01' ./cmd/... ./test/...

# A new user's machine: nothing of ours in HOME, no module and no compiled package at hand. What leads to the network (proxies, certificates,
# the go command's own settings) stays.
.PHONY: fresh-check
fresh-check: ## Clone HEAD into an empty place with empty caches; run the demo and the tests there.
	@place=$$(mktemp -d); \
	trap 'chmod -R u+w "$$place"; rm -rf "$$place"' EXIT; \
	git clone --quiet --no-local . "$$place/veto"; \
	mkdir "$$place/home"; \
	cd "$$place/veto"; \
	env -u XDG_CACHE_HOME -u XDG_CONFIG_HOME -u GOBIN -u GOWORK -u MAKEFLAGS -u MAKELEVEL \
		HOME="$$place/home" GOPATH="$$place/home/go" GOCACHE="$$place/home/cache" GOMODCACHE="$$place/home/go/pkg/mod" \
		GOENV=off GOPROXY="$$(go env GOPROXY)" GONOPROXY="$$(go env GONOPROXY)" GOSUMDB="$$(go env GOSUMDB)" \
		GONOSUMDB="$$(go env GONOSUMDB)" GOPRIVATE="$$(go env GOPRIVATE)" GOFLAGS="$$(go env GOFLAGS)" GOTOOLCHAIN="$$(go env GOTOOLCHAIN)" \
		bash -c 'time make demo && time make test'

.PHONY: ci
ci: ## What continuous integration runs.
	bash .ci/run

.PHONY: clean
clean: ## Remove what was built.
	rm -rf bin build
