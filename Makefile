# Bulle's small build. `make run` and `make test` are all that most people need; README.md says the rest.
# cargo judges what of the Rust code is stale, make judges the two WebAssembly bundles that the relay embeds.

# ---- Tools: the one place where their versions are pinned -------------------------------------------------------------
TRUNK_VERSION := 0.21.14
BINARYEN_VERSION := 132
TERSER_VERSION := 5.51.2
CARGO_DENY_VERSION := 0.20.2
CARGO_FUZZ_VERSION := 0.13.2
GECKODRIVER_VERSION := 0.37.1
AXE_VERSION := 4.14.1
# What reads the recipes of examples/cluster.
DCLINT_VERSION := 3.1.0
DOCKERFILE_UTILS_VERSION := 0.16.3
KUBERNETES_VALIDATE_VERSION := 1.37.0
# Must equal the library's, and that one is pinned already.
BINDGEN_VERSION := $(shell sed -n '/^name = "wasm-bindgen"$$/{n;s/version = "\(.*\)"/\1/p;}' Cargo.lock)

# A tool that is found in the right version is used; any other is installed here, out of everybody's way.
TOOLS ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/bulle
export PATH := $(TOOLS)/bin:$(TOOLS)/node_modules/.bin:$(PATH)
# Keeps Trunk from fetching another one.
export TRUNK_TOOLS_WASM_OPT := version_$(BINARYEN_VERSION)

# Everything lies in ./target: the relay finds the bundles there, and the tests the relay.
unexport CARGO_TARGET_DIR

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# cargo uses every core by itself and locks its folder.
.NOTPARALLEL:
.PHONY: help run test dev lint audit fuzz bench size tools lint-tools browsers postgres nats balancer faketime recipes widget console relay

# say: a heading for a step that takes time.  debian: installs packages of Debian.  has: whether a command exists and names the pinned version.
say = printf '\033[1m== %s\033[0m\n' $(1)
debian = $(call say,'installing $(1)'); sudo=; test "$$(id -u)" = 0 || sudo=sudo; \
  $$sudo apt-get update -qq; $$sudo apt-get install -y --no-install-recommends $(1)
has = $(1) --version 2>/dev/null | grep -qwF -- $(2)

help:
	@echo 'make run    build everything optimized and start the relay on port 8080 with a demo site'
	@echo 'make test   the gate: lint, byte budgets, and every test, in real browsers too'
	@echo 'make dev    the same as run, unoptimized, rebuilt on every change'
	@echo 'make lint   formatting, clippy with warnings denied, licences and sources of dependencies'
	@echo 'make audit  known vulnerabilities in dependencies (fetches the advisory database)'
	@echo 'make fuzz   a minute of libFuzzer for each of what reads strangers (FUZZ_SECONDS, FUZZ_TARGETS)'
	@echo 'make bench  time and memory budgets, measured on this machine'
	@echo 'make size   byte budgets of what visitors and agents load'

# ---- Tools ------------------------------------------------------------------------------------------------------------
tools:
	@for need in cargo rustup cc node npm; do command -v $$need >/dev/null \
	  || { echo "$$need is missing. Bulle is built with Rust (https://rustup.rs), a C compiler, and node with npm."; exit 1; }; done
	@test -d "$$(rustc --print target-libdir --target wasm32-unknown-unknown)" \
	  || { $(call say,'installing the wasm32 target'); rustup target add wasm32-unknown-unknown; }
	@cargo fetch --locked # what Trunk builds, it builds without the network
	@$(call has,trunk,$(TRUNK_VERSION)) \
	  || { $(call say,'installing trunk $(TRUNK_VERSION) (about 3 minutes)'); \
	       cargo install trunk --locked --debug --version $(TRUNK_VERSION) --root $(TOOLS); }
	@$(call has,wasm-bindgen,$(BINDGEN_VERSION)) \
	  || { $(call say,'installing wasm-bindgen-cli $(BINDGEN_VERSION) (about 3 minutes)'); \
	       cargo install wasm-bindgen-cli --version $(BINDGEN_VERSION) --root $(TOOLS); }
	@{ $(call has,wasm-opt,$(BINARYEN_VERSION)) && $(call has,terser,$(TERSER_VERSION)); } \
	  || { $(call say,'installing binaryen $(BINARYEN_VERSION) and terser $(TERSER_VERSION)'); mkdir -p $(TOOLS); \
	       npm install --prefix $(TOOLS) --no-audit --no-fund binaryen@$(BINARYEN_VERSION).0.0 terser@$(TERSER_VERSION); }

lint-tools:
	@cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1 || rustup component add rustfmt clippy
	@$(call has,cargo-deny,$(CARGO_DENY_VERSION)) \
	  || { $(call say,'installing cargo-deny $(CARGO_DENY_VERSION) (about 4 minutes)'); \
	       cargo install cargo-deny --locked --debug --version $(CARGO_DENY_VERSION) --root $(TOOLS); }

# Debian's names. Elsewhere: install the three browsers, their drivers and PHP (for the WordPress example) by hand, then this step finds them.
browsers:
	@{ command -v chromium && command -v chromedriver && command -v firefox-esr && command -v WebKitWebDriver && command -v Xvfb && command -v php \
	     && test -d /usr/share/i18n/locales; } >/dev/null \
	  || { $(call debian,chromium chromium-driver firefox-esr webkit2gtk-driver xvfb locales php-cli); }
	@$(call has,geckodriver,$(GECKODRIVER_VERSION)) \
	  || { $(call say,'installing geckodriver $(GECKODRIVER_VERSION) (about 3 minutes)'); \
	       cargo install geckodriver --locked --debug --version $(GECKODRIVER_VERSION) --root $(TOOLS); }
	@grep -qsF '"version": "$(AXE_VERSION)"' $(TOOLS)/node_modules/axe-core/package.json \
	  || { $(call say,'installing axe-core $(AXE_VERSION)'); mkdir -p $(TOOLS); \
	       npm install --prefix $(TOOLS) --no-audit --no-fund axe-core@$(AXE_VERSION); }

# Debian's names. Elsewhere: install these by hand; `pg_config` leads to PostgreSQL's server.
postgres:
	@tests/with-postgres --find >/dev/null 2>&1 || { $(call debian,postgresql); }
nats:
	@command -v nats-server >/dev/null || test -x /usr/sbin/nats-server || { $(call debian,nats-server); }
balancer:
	@command -v haproxy >/dev/null || test -x /usr/sbin/haproxy || { $(call debian,haproxy); }
# A clock that goes wrong.
faketime:
	@compgen -G '/usr/lib/*/faketime/libfaketime.so.1' >/dev/null || { $(call debian,faketime); }

# Who reads what of examples/cluster no test can run: Docker's, Kubernetes' and systemd's files. Debian's names.
recipes:
	@{ command -v systemd-analyze && python3 -c 'import ensurepip'; } >/dev/null 2>&1 \
	  || { $(call debian,systemd python3-venv); }
	@{ $(call has,dclint,$(DCLINT_VERSION)) && $(call has,dockerfile-utils,$(DOCKERFILE_UTILS_VERSION)); } \
	  || { $(call say,'installing dclint $(DCLINT_VERSION) and dockerfile-utils $(DOCKERFILE_UTILS_VERSION)'); mkdir -p $(TOOLS); \
	       npm install --prefix $(TOOLS) --no-audit --no-fund dclint@$(DCLINT_VERSION) dockerfile-utils@$(DOCKERFILE_UTILS_VERSION); }
	@$(call has,kubernetes-validate,$(KUBERNETES_VALIDATE_VERSION)) \
	  || { $(call say,'installing kubernetes-validate $(KUBERNETES_VALIDATE_VERSION)'); mkdir -p $(TOOLS)/bin; \
	       python3 -m venv $(TOOLS)/python; \
	       $(TOOLS)/python/bin/pip install --quiet --disable-pip-version-check kubernetes-validate==$(KUBERNETES_VALIDATE_VERSION); \
	       ln -sf ../python/bin/kubernetes-validate $(TOOLS)/bin/kubernetes-validate; }

# ---- What the relay embeds --------------------------------------------------------------------------------------------
# The stamps lie beside the folders that Trunk empties. `make dev` removes them: what it builds is not for serving to people.
DIST := target/dist
BOTH := Cargo.toml Cargo.lock shared/Cargo.toml $(shell find shared/src -type f)
WIDGET := $(BOTH) Trunk.toml $(shell find widget -type f -not -name size.mjs)
CONSOLE := $(BOTH) widget/names.mjs widget/css.mjs $(shell find relay/console -type f -not -path '*/target/*')

widget: $(DIST)/widget.stamp
console: $(DIST)/console.stamp

# Minified by terser: Trunk's own minifier does not know all of what wasm-bindgen writes.
TRUNK := trunk build --offline --release --minify=false

# The standard library is compiled along with widget and console, for size: 12 KB less until the panel is whole, a minute more to build. It rests
# on compiler flags that other versions may not have; `make run REBUILD_STD=` (or size, relay …) does without.
REBUILD_STD ?= 1
STD := $(if $(REBUILD_STD),rebuilt,shipped)
REBUILD := RUSTC_BOOTSTRAP=1 CARGO_UNSTABLE_BUILD_STD=std,panic_abort CARGO_UNSTABLE_BUILD_STD_FEATURES=optimize_for_size \
  CARGO_UNSTABLE_PANIC_IMMEDIATE_ABORT=true CARGO_PROFILE_WASM_PANIC=immediate-abort
$(DIST)/std.$(STD):
	@mkdir -p $(DIST); rm -f $(DIST)/std.*
	$(if $(REBUILD_STD),rustup component add rust-src)
	$(if $(REBUILD_STD),RUSTC_BOOTSTRAP=1 cargo fetch --locked --target wasm32-unknown-unknown \
	  --manifest-path "$$(rustc --print sysroot)/lib/rustlib/src/rust/library/Cargo.toml")
	@touch $@

# The relay appends `(settings)` to the loader, so the minified text has to stay one callable expression.
$(DIST)/widget.stamp: $(WIDGET) $(DIST)/std.$(STD) | tools
	@$(call say,'building the widget')
	$(if $(REBUILD_STD),$(REBUILD)) $(TRUNK)
	loader=$$(terser widget/loader.js --compress expression=true,passes=3,conditionals=false --mangle); \
	  printf '(%s)' "$${loader%;}" > $(DIST)/widget/loader.js
	for script in $(DIST)/widget/*.js; do test $$script = $(DIST)/widget/loader.js \
	  || terser $$script --module --compress passes=2 --mangle --output $$script; done
	node widget/names.mjs $(DIST)/widget widget
	node widget/pin.mjs $(DIST)/widget
	@touch $@

# Leptos compiles every view of its own type anew unless these are erased, which costs nothing that a console notices.
$(DIST)/console.stamp: $(CONSOLE) $(DIST)/std.$(STD) | tools
	@$(call say,'building the console')
	cd relay/console && $(if $(REBUILD_STD),$(REBUILD)) RUSTFLAGS='--cfg erase_components' $(TRUNK)
	for program in console office; do \
	  terser $(DIST)/console/$$program.js --module --compress passes=2 --mangle --output $(DIST)/console/$$program.js; \
	  node widget/names.mjs $(DIST)/console $$program; \
	done
	node relay/console/css.mjs $(DIST)/console
	@touch $@

relay: widget console
	@$(call say,'building the relay')
	cargo build --release -p relay

# ---- Run --------------------------------------------------------------------------------------------------------------
run: relay
	@target/release/bulle serve --demo

# Trunk serves the widget's page and rebuilds both bundles; the loop restarts the relay when its code or a bundle changed.
dev: tools
	@mkdir -p $(DIST)/widget $(DIST)/console; rm -f $(DIST)/*.stamp
	@trap 'kill $$(jobs -p) 2>/dev/null || true' EXIT; \
	trunk serve --offline --cargo-profile dev & \
	(cd relay/console && exec trunk watch --offline --cargo-profile dev) & \
	while true; do \
	  touch target/dev.stamp; relay=; \
	  if cargo build -p relay; then target/debug/bulle serve --demo & relay=$$!; fi; \
	  until test -n "$$(find relay shared/src $(DIST)/widget $(DIST)/console -type f -newer target/dev.stamp \
	                      -not -path 'relay/console/*' -print -quit)"; do sleep 1; done; \
	  if test -n "$$relay"; then kill $$relay; wait $$relay || true; fi; \
	done

# ---- Check ------------------------------------------------------------------------------------------------------------
# The feature builds the JSON Schemas that shared/tests/protocol.rs compares with those in shared/schemas.
FEATURES := --features shared/schema

# What runs a second time, on PostgreSQL: the tests of the store, the desk and REST, but for those that are about SQLite alone.
ON_POSTGRES := --include-ignored store:: desk:: api::tests $(addprefix --skip ,model restore:: sqlite statements from_before)

# All targets first: the tests start the relay's real binary. The last line counts; nothing run at all is a failure. What an engine lacks
# is skipped by name ("skipped in WebKit: ..."), listed once more at the end after what the failed ones say, and counted.
test: tools browsers postgres nats balancer faketime recipes widget console lint size
	@$(call say,'building the tests')
	cargo build --workspace --all-targets $(FEATURES)
	@$(call say,'testing')
	@status=0; cargo test --workspace --no-fail-fast $(FEATURES) 2>&1 | tee target/test.log || status=$$?; \
	$(call say,'testing on PostgreSQL'); \
	tests/with-postgres cargo test --workspace --lib $(FEATURES) -- $(ON_POSTGRES) 2>&1 | tee -a target/test.log || status=$$?; \
	awk '/^---- .* stdout ----$$/ { told = 40 } /^(failures|test result):/ { told = 0 } told-- > 0 { print substr($$0, 1, 500) } \
	     match($$0, /skipped in [A-Za-z]+: /) { skips[++skipped] = substr($$0, RSTART) } \
	     /^test result:/ { passed += $$4; failed += $$6 } \
	     END { for (skip = 1; skip <= skipped; skip++) print skips[skip]; \
	           printf "%d passed, %d failed, %d skipped\n", passed - skipped, failed, skipped; exit !(passed > 0 && failed == 0) }' target/test.log \
	  && exit $$status

# Widget and console are checked natively too: no code of theirs is for one target alone.
lint: lint-tools
	@$(call say,'linting')
	cargo fmt --all --check
	cargo clippy --workspace --all-targets $(FEATURES) -- -D warnings
	cargo deny --log-level error check licenses bans sources

audit: lint-tools
	cargo deny check advisories

# Sanitizers come with nightly compilers, and so does the coverage that libFuzzer feeds on; RUSTC_BOOTSTRAP lets the pinned one do the latter.
# No address sanitizer: the targets hold no unsafe code of ours, and without it they run and build in half the time.
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= frames link identity session
fuzz: export RUSTC_BOOTSTRAP := 1
fuzz:
	@$(call has,cargo-fuzz,$(CARGO_FUZZ_VERSION)) \
	  || { $(call say,'installing cargo-fuzz $(CARGO_FUZZ_VERSION)'); \
	       cargo install cargo-fuzz --locked --debug --version $(CARGO_FUZZ_VERSION) --root $(TOOLS); }
	@for target in $(FUZZ_TARGETS); do \
	  $(call say,"fuzzing $$target for $(FUZZ_SECONDS) s"); mkdir -p tests/fuzz/corpus/$$target; \
	  cargo fuzz run --fuzz-dir tests/fuzz --sanitizer none $$target tests/fuzz/corpus/$$target tests/fuzz/seeds/$$target \
	    -- -max_total_time=$(FUZZ_SECONDS) -timeout=10 -max_len=8192 -verbosity=0 -print_final_stats=1; \
	done

size: widget console
	@node widget/size.mjs $(DIST)/widget $(DIST)/console

bench: relay postgres nats
	cargo run --release -p tests --bin bulle-load -- bench
