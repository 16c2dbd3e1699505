# Every target sets itself up; unchanged sources are not built again.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := bash
PYTHON ?= python3
BIN := .venv/bin
CARGO := PYO3_PYTHON=$(CURDIR)/$(BIN)/python cargo
RUST := Cargo.toml Cargo.lock $(shell find rust -name '*.rs' -o -name Cargo.toml)

PORT ?= 8501

.PHONY: help run app dist sbom test test-rust test-python test-browser test-slow test-all tools growth validation docs bench bench-instructions bench-sampling bench-words profile profile-app bench-app lint audit memory fmt lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-19s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/.built ## the main job: each area's share of the £208bn, on official figures
	@$(BIN)/gainsmodel run scenarios/reference.toml

app: .venv/.built .venv/.app ## the app for a mayor's team, in the browser (PORT=8501)
	$(BIN)/python -m app --server.port $(PORT)

# Files whole, the longest first (tests/conftest.py says which): xdist would begin with those of
# many tests.
PYTEST := $(BIN)/python -m pytest -q -n 2
BY_FILE := --dist loadfile --no-loadscope-reorder

test: test-rust test-python ## each kind of test once, but for those in a browser

test-all: test-rust test-python test-slow test-browser ## every test there is

test-rust:
	cargo test --locked --quiet -p gainsmodel-core --lib

test-python: .venv/.built .venv/.app
	$(PYTEST) $(BY_FILE)

test-slow: .venv/.built .venv/.app ## what repeats tests over seeds, executors and sizes
	cargo test --release --locked --quiet -p gainsmodel-core --lib
	$(PYTEST) $(BY_FILE) -m slow
	$(PYTEST) --dist worksteal tests/browser -m slow

test-browser: .venv/.built .venv/.app ## the app in a real browser; screenshots in target/screenshots
	command -v chromium > /dev/null || { apt-get -qq update && apt-get -qq install -y chromium; } > /dev/null
	$(PYTEST) --dist worksteal tests/browser

tools: # what tests and benchmarks need of the system, where apt-get can install it
	{ command -v chromium && command -v valgrind && ls /usr/lib/postgresql/*/bin/initdb; } > /dev/null 2>&1 || [ "$$(id -u)" != 0 ] || ! command -v apt-get > /dev/null \
	  || { apt-get -qq update && apt-get -qq install -y chromium valgrind postgresql; } > /dev/null

growth: .venv/.built ## growth fitted to the shipped accounts, beside the reference scenario's
	@$(BIN)/python -m gainsmodel.validation.growth_fit

validation: .venv/.built ## the pages of docs/validation: hindcast, back-test, ledger, checks; two minutes
	PYTHONPATH=tests $(BIN)/python -m gainsmodel.validation $(FOLDER)

docs: .venv/.built .venv/.docs ## the documentation as a site, in target/docs; every warning is an error
	$(BIN)/python -m sphinx -q -W --keep-going -j auto -b html -d target/doctrees docs target/docs

# The wheel is built from the sdist, so that this holds everything; zig links against a C library as
# old as the wheel's name promises; and no path of the machine gets into its messages. The sdist has
# no benches, so that its Cargo.lock, which holds the versions, is to be shortened: not --locked.
dist: .venv/.dist ## a wheel for Linux on x86-64 and the sources, checked; in dist/
	rm -rf dist
	$(DIST) RUSTFLAGS="--remap-path-prefix=$${CARGO_HOME:-$$HOME/.cargo}=cargo" \
	  maturin build --release --quiet --sdist --zig --compatibility manylinux2014 --out dist
	$(DIST) twine check --strict dist/*
	$(DIST) auditwheel show dist/*.whl
	@du -h --apparent-size dist/*

sbom: .venv/.built .venv/.app dist ## what the wheel holds and needs, as a CycloneDX file beside it
	$(DIST) python .ci/sbom.py dist

bench: .venv/.built $(if $(SMOKE),.venv/.peer,.venv/.bench) ## time the core against its peers (SMOKE=1: NumPy and Numba, a minute)
	OPENBLAS_NUM_THREADS=1 $(BIN)/python benches/bench.py $(if $(SMOKE),--smoke) $(if $(RECORD),--record)

bench-instructions: .venv/.ready ## instructions a draw, held against benches/instructions.json
	command -v valgrind > /dev/null || [ "$$(id -u)" != 0 ] || ! command -v apt-get > /dev/null \
	  || { apt-get -qq update && apt-get -qq install -y valgrind; } > /dev/null 2>&1 || true
	$(BIN)/python benches/instructions.py

profile: .venv/.ready ## where a simulation's instructions and time go, part by part
	$(BIN)/python benches/profile.py

bench-words: ## the random words before dieharder, in three orders; hours (TESTS="-d 0" for some of it)
	command -v dieharder > /dev/null || { apt-get -qq update && apt-get -qq install -y dieharder; } > /dev/null
	cargo build --release --locked --quiet -p gainsmodel-core --example words
	for order in counters factors seeds; do \
	  target/release/examples/words $$order | dieharder -g 200 $(or $(TESTS),-a) || exit 1; done

bench-app: .venv/.built .venv/.app ## from a key on a lever to new words on the page, in a browser; many visitors at once
	command -v chromium > /dev/null || { apt-get -qq update && apt-get -qq install -y chromium; } > /dev/null
	$(BIN)/python benches/app_latency.py

profile-app: .venv/.built .venv/.app ## where the app's server spends its time while a visitor moves levers
	$(BIN)/python -m pip install --quiet --disable-pip-version-check py-spy==0.4.3
	mkdir -p target
	$(BIN)/python benches/app_visitors.py --moves 15 --profile target/app-server.txt

bench-sampling: .venv/.built ## what Sobol points are worth in equivalent draws; some minutes
	$(BIN)/python benches/sampling.py

lint: .venv/.ready .venv/.app ## style, types, clippy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	cargo fmt --check
	$(CARGO) clippy --locked --all-targets --quiet -- -D warnings

audit: .venv/.audit ## known faults of what we depend on, licences and sources of crates
	$(BIN)/python .ci/audit.py

# AddressSanitizer watches the tests at every level this machine has; Miri has the portable one only
# and is slow, so it runs those of lanes, registers, random numbers and moments.
memory: ## the core watched for faults of memory: AddressSanitizer, and Miri where it can be had
	RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address cargo test --locked --quiet -p gainsmodel-core --lib \
	  --target "$$(rustc -vV | sed -n 's/^host: //p')" --target-dir target/sanitizer
	if rustup component add --toolchain nightly miri rust-src; then \
	  MIRIFLAGS=-Zmiri-disable-isolation cargo +nightly miri test --locked --quiet --target-dir target/miri \
	    -p gainsmodel-core --lib -- lanes:: simd:: moments:: rng:: powers_of_two_end; \
	else echo "Miri DID NOT LOOK: it cannot be installed here"; fi

fmt: .venv/.ready ## format the sources
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format --quiet .
	cargo fmt

lock: .venv/.ready ## renew every requirements.txt and Cargo.lock from what is newest
	$(PYTHON) -m venv .venv/lock && .venv/lock/bin/pip install --quiet uv
	$(call pin,pyproject.toml --group dev,requirements.txt,Pinned with hashes; renewed by "make lock".)
	$(call pin,--group peer --no-deps --constraint requirements.txt,benches/peer.txt,For "make bench SMOKE=1"; pinned with hashes$(comma) renewed by "make lock".)
	$(call pin,pyproject.toml --group bench --constraint requirements.txt,benches/requirements.txt,For "make bench"; pinned with hashes$(comma) renewed by "make lock".)
	$(call pin,pyproject.toml --group app --constraint requirements.txt,app/requirements.txt,For "make app"; pinned with hashes$(comma) renewed by "make lock".)
	$(call pin,--group audit --constraint requirements.txt,.ci/requirements.txt,For "make audit"; pinned with hashes$(comma) renewed by "make lock".)
	$(call pin,--group dist --constraint requirements.txt,.ci/dist.txt,For "make dist"; pinned with hashes$(comma) renewed by "make lock".)
	$(call pin,pyproject.toml --group docs --constraint requirements.txt --constraint app/requirements.txt,docs/requirements.txt,For "make docs"; pinned with hashes$(comma) renewed by "make lock".)
	cargo update
	$(BIN)/python .ci/licences.py > rust/LICENCES.txt

comma := ,
define pin
{ echo '# $(3)'; \
  .venv/lock/bin/uv pip compile $(1) --universal --python-version 3.11 \
    --upgrade --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet; \
} > requirements.new
mv requirements.new $(2)
endef

clean: ## remove everything that was built
	rm -rf .venv target dist python/gainsmodel/*.so

.venv/.bench: .venv/.ready benches/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r benches/requirements.txt
	touch $@

# Beside NumPy of the right version, which is there.
.venv/.peer: .venv/.ready benches/peer.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r benches/peer.txt
	touch $@

.venv/.app: .venv/.ready app/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r app/requirements.txt
	touch $@

.venv/.docs: .venv/.ready docs/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r docs/requirements.txt
	touch $@

# A folder of its own: nothing that is tested sees it.
.venv/.audit: .venv/.ready .ci/requirements.txt
	rm -rf .venv/audit
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
	  --target .venv/audit -r .ci/requirements.txt
	touch $@

.venv/.dist: .venv/.ready .ci/dist.txt
	rm -rf .venv/dist
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
	  --target .venv/dist -r .ci/dist.txt
	touch $@

DIST := PYTHONPATH=$(CURDIR)/.venv/dist PATH="$(CURDIR)/.venv/dist/bin:$(CURDIR)/$(BIN):$$PATH"

# python -m venv needs a Debian package that may be missing; virtualenv does not.
.venv/.ready: requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv \
	  || { $(PYTHON) -m pip install --quiet virtualenv && $(PYTHON) -m virtualenv --quiet .venv; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	touch $@

.venv/.built: .venv/.ready pyproject.toml $(RUST)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@
