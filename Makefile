# The two commands are `make audit` and `make test`; each does all its own set-up.
.PHONY: audit test lint bench bench-proxy bench-limits bench-guard bench-judge kills soak docs fuzz help

CARGO ?= cargo
OUT   ?= runs

help:
	@echo 'make audit   find out what Debian'"'"'s Chromium tells its maker (about a quarter of an hour on two cores, half of it building)'
	@echo 'make test    everything that must hold: format, lints, tests, real browsers, a bounded fuzz run'
	@echo 'make lint    format and lints only'
	@echo 'make bench   speed and memory of the analysis, as ratios against peers'
	@echo 'make bench-proxy   the proxy beside mitmdump, hudsucker and a straight connection'
	@echo 'make bench-limits  what one client can cost the others: idle connections, held requests, bodies that unpack to much'
	@echo 'make bench-guard   what the guard costs: time added per request, and requests/s against plain capture'
	@echo 'make bench-judge   how often the judge is wrong, and how often it sees a leak, by simulation'
	@echo 'make kills   what kill -9 takes of a capture: 500 kills at three loads (about 20 minutes)'
	@echo 'make soak    capture and guard for 30 minutes under mixed traffic: memory and descriptors each minute'
	@echo 'make docs    the pages in docs/ that are made from code and data'

audit:
	@scripts/setup audit
	$(CARGO) build --release --locked -p candor
	@scripts/as-root target/release/candor audit chromium --scenario quick --out $(OUT) --exit-zero
	@scripts/as-root target/release/candor audit reporting-browser --scenario short --out $(OUT) --exit-zero

test:
	@scripts/setup test
	@scripts/test

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

bench:
	@scripts/setup audit
	@scripts/bench

docs:
	UPDATE_EXPECT=1 $(CARGO) test --locked -p decode -p detect -p formats --test docs

fuzz:
	@scripts/fuzz

bench-proxy:
	@benches/proxy/run

bench-limits:
	$(CARGO) build --release --locked -p candor
	@benches/limits/run target/release/candor

bench-guard:
	@scripts/setup audit
	$(CARGO) run --release --locked -p gate --example cost

bench-judge:
	$(CARGO) run --release --locked -p judge --example power

kills soak:
	@scripts/setup audit
	$(CARGO) build --release --locked -p candor
	$(CARGO) run --release --locked -p candor --example load -- $@ target/release/candor
