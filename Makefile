# Every command a developer runs; `make help` prints them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help dev build install demo test check fixtures zeal models tsan soak rounds conformance parcel coverage fuzz fuzz-quick generated bless clean

# What `make conformance` is told.
export SUITES ONLY PART UPDATE WASM SHAKE MINUTES

# Where everything that is built lies, the shared build of the stubs too.
export LAM_TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
PREFIX ?= /usr/local

help: ## print this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/make \1\t\2/' | expand -t 18
	@echo
	@echo 'YES=1 answers every question; OTP=DIR names the OTP that lies inside lam'

dev: ## quick: target/dev-bin/lam with the native stub only, for work on LAM itself
	@scripts/dev

build: ## everything: target/release/lam with all stubs and OTP inside
	@scripts/packages build
	@scripts/build

install: ## copies lam to PREFIX/bin (after make build)
	@[ -x '$(LAM_TARGET)/release/lam' ] || $(MAKE) build
	install -D -m 755 '$(LAM_TARGET)/release/lam' '$(DESTDIR)$(PREFIX)/bin/lam'

demo: ## builds lam, then fixtures/hello for the three targets, and runs them
	@scripts/packages demo
	@scripts/build
	@scripts/demo

test: ## the quick suite on the three hosts
	@scripts/packages test
	@scripts/test

check: ## formatting, clippy, floors, unit tests, wasm build
	@scripts/packages build
	scripts/lint
	cargo test -p lam-vm -p lam-cli --no-default-features
	scripts/check-wasm

parcel: ## the web build under parcel's server, in a headless browser (needs npm and a network)
	@scripts/test-parcel

fixtures: ## all fixtures natively, under both dispatchers
	scripts/fixtures tail match

zeal: ## all fixtures by a machine that collects wherever it may
	scripts/fixtures zeal

models: ## loom and shuttle over what schedulers share, and the faults they must find
	@scripts/models

tsan: ## processes, messages, tables, code loading under ThreadSanitizer, and the faults it must find
	@scripts/tsan

rounds: ## all fixtures natively with 1, 2 and 4 schedulers, five times over (CONFORMANCE=DIR: OTP's suites too)
	@scripts/rounds

soak: ## ten million messages and a million ends, none lost or doubled (after make build)
	@scripts/soak

conformance: ## OTP's own suites (SUITES=DIR) against fixtures/conformance; ONLY=AREA, PART=1, UPDATE=1, WASM=1, SHAKE=none
	@scripts/suites

coverage: ## what no fixture executes: opcodes, checked twins, BIF rows
	scripts/coverage

fuzz: ## 100,000 mutants of modules, 1,000,000 of external terms (20,000 by erl too), every byte of images on three hosts
	scripts/fuzz full

fuzz-quick: ## a tenth of it
	scripts/fuzz quick

generated: ## 1,500 random programs (SEEDS=FROM-TO others): the same by erl, natively, on WASI
	scripts/generated $(SEEDS)

bless: ## records the expectations of fixtures/ anew, from real erl; read the diff
	fixtures/record


clean: ## removes what was built
	cargo clean
