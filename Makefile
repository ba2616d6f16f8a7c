# SPDX-License-Identifier: MIT
#
# A thin layer over Meson, so that one command does everything on a fresh machine.
#
#	make demo			what ring0 is, in one minute
#	make check			all tests
#	make				the library, the command ring0, the examples
#	make install PREFIX=/usr/local	and DESTDIR=… for packagers
#	make bench			what a test costs, and how fast the lab starts
#	make fuzz [COUNT=100000]	random accesses to the devices, and random programs as tests, each
#					followed by a look at the machine
#	make lint			layout and static analysis
#	make sanitize			all tests, with the host's side under ASan and UBSan
#	make clean

BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
COUNT ?= 100000

# More options for Meson: OPTIONS=-Dwerror=true makes errors of warnings.
OPTIONS ?=

# The options are given once; what changed in the build files since, Ninja notices itself.
setup = test -f $(1)/build.ninja || meson setup $(1) -Dprefix='$(PREFIX)' -Dlibdir=lib $(OPTIONS) $(2)

.PHONY: all
all:
	@scripts/install-packages build
	@$(call setup,$(BUILD))
	@ninja -C $(BUILD)

.PHONY: demo
demo:
	@scripts/install-packages build
	@$(call setup,$(BUILD)) >$(BUILD).log 2>&1 || { cat $(BUILD).log; rm -f $(BUILD).log; exit 1; }
	@rm -f $(BUILD).log
	@ninja -C $(BUILD) examples/demo ring0
	@$(BUILD)/examples/demo

.PHONY: check
check:
	@scripts/install-packages build check
	@$(call setup,$(BUILD))
	@ninja -C $(BUILD)
	@scripts/check $(BUILD)

.PHONY: sanitize
sanitize:
	@scripts/install-packages build check
	@$(call setup,$(BUILD)-sanitize,-Db_sanitize=address,undefined -Db_lundef=false)
	@ninja -C $(BUILD)-sanitize
	@scripts/check $(BUILD)-sanitize

.PHONY: install
install:
	@scripts/install-packages build
	@$(call setup,$(BUILD))
	@meson configure $(BUILD) -Dprefix='$(PREFIX)'
	@ninja -C $(BUILD)
	@DESTDIR='$(DESTDIR)' meson install -C $(BUILD) --no-rebuild

.PHONY: bench
bench:
	@scripts/install-packages build bench
	@$(call setup,$(BUILD))
	@ninja -C $(BUILD) --quiet bench_programs ring0
	@$(BUILD)/bench/bench
	@$(BUILD)/bench/bench_assist
	@$(BUILD)/bench/bench_machine
	@$(BUILD)/bench/bench_smp
	@bench/lab $(BUILD)/ring0

.PHONY: fuzz
fuzz:
	@scripts/install-packages build check
	@$(call setup,$(BUILD))
	@ninja -C $(BUILD) tests/device_fuzz tests/reset_fuzz
	@$(BUILD)/tests/device_fuzz --count $(COUNT) --seconds 1800
	@$(BUILD)/tests/reset_fuzz --count $(COUNT) --seconds 5400

.PHONY: lint
lint:
	@scripts/install-packages build check lint
	@CC=clang; export CC; $(call setup,$(BUILD)-lint,-Dwerror=true) >/dev/null
	@ninja -C $(BUILD)-lint --quiet
	@scripts/lint $(BUILD)-lint

.PHONY: clean
clean:
	rm -rf $(BUILD) $(BUILD)-sanitize $(BUILD)-lint
