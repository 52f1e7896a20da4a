# make test   every check there is, as CI runs it
# make demo   the 2016 call on a hand-turned clock
# make bench  figures beside their ceilings, measured in one run (minutes)
# make fmt    the one layout of the source
# make deny   licences, bans and sources of the dependencies (needs cargo-deny)

SHELL := /bin/bash
BUF := target/tools/node/node_modules/.bin/buf

heading = @printf '\n━━ %s ━━\n' '$(1)'

.DEFAULT_GOAL := test
.NOTPARALLEL:
.PHONY: test setup fmt-check buf-lint deploy-check clippy doc cargo-test demo bench fmt deny

# Cheap checks first; the first that fails ends the run.
test: setup fmt-check buf-lint deploy-check clippy doc cargo-test
	$(call heading,all checks passed)

setup:
	$(call heading,setup: what the tests need)
	@tests/setup

fmt-check:
	$(call heading,layout: cargo fmt --check)
	cargo fmt --all --check

buf-lint: setup
	$(call heading,contract: buf lint)
	$(BUF) lint proto

deploy-check: setup
	$(call heading,deployment: unit and container)
	tests/check-deploy

clippy:
	$(call heading,lints: cargo clippy)
	cargo clippy --workspace --all-targets --locked -- -D warnings

doc:
	$(call heading,documentation: cargo doc)
	RUSTDOCFLAGS=-Dwarnings cargo doc --workspace --no-deps --locked

cargo-test: setup
	$(call heading,tests: cargo test)
	cargo build --workspace --bins --locked
	cargo test --workspace --locked

demo:
	cargo run --release --locked --bin bandod -- demo

# BANDO_BENCH_APPLICATIONS=5000 makes a quick one of it.
bench:
	cargo build --release --bins --locked
	cargo bench --package bando-tests --bench year --locked

fmt:
	cargo fmt --all

deny:
	cargo deny --locked check bans licenses sources
