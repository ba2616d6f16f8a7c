# SPDX-License-Identifier: MIT
#
# A thin layer over Meson, so that one command does everything on a fresh machine.
#
#	make demo			what ring0 is, in one minute
#	make check			all tests
#	make check-all			and those that take minutes: all of it on kvm-intel, too
#	make				the library, the command ring0, the examples
#	make aarch64			the library for arm64, on another machine: build/aarch64
#	make install PREFIX=/usr/local	and DESTDIR=… for packagers
#	make bench [COMPARE=FILE]	what a test costs, and how fast kernels and the lab start; FILE is what an
#					earlier run printed
#	make fuzz [COUNT=100000]	damaged kernels to the loaders, random accesses to the devices,
#					and random programs as tests, each followed by a look at the
#					machine, on arm64's KVM, too
#	make lint			layout and static analysis
#	make sanitize			all tests, with the host's side under ASan and UBSan
#	make clean
#	make help			this
#
# On an arm64 host `make demo`, `make check` and `make fuzz` have arm64's tests; `make bench` and `make lint` are for x86 hosts.
# Without a KVM that can be used, `make demo`, `make check` and `make bench` run in the lab what needs one: QEMU
# and a kernel are got for it. RING0_LAB=none does without the lab.

BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
COUNT ?= 100000

# More options for Meson: OPTIONS=-Dwerror=true makes errors of warnings.
OPTIONS ?=

# For the shell, whatever is in a path.
quote = '$(subst ','\'',$(1))'
build = $(call quote,$(BUILD))

setup = scripts/setup $(build) -Dprefix=$(call quote,$(PREFIX)) -Dlibdir=lib $(OPTIONS)

# Meson has what tests need besides the programs in a target of its own, from 1.7 on in that alone.
tests = all meson-test-prereq

.PHONY: all
all:
	@scripts/install-packages build
	@$(setup)
	@ninja -C $(build)

.PHONY: demo
demo:
	@scripts/install-packages build
	@log=$$($(setup) 2>&1) || { printf '%s\n' "$$log"; exit 1; }
	@ninja -C $(build) examples/demo ring0
	@scripts/demo $(build)

.PHONY: check
check:
	@scripts/install-packages build check
	@$(setup)
	@ninja -C $(build) $(tests)
	@scripts/check $(build)

.PHONY: check-all
check-all:
	@scripts/install-packages build check check-all
	@$(setup)
	@ninja -C $(build) $(tests)
	@scripts/check $(build) --setup all

.PHONY: sanitize
sanitize: build = $(call quote,$(BUILD)-sanitize)
sanitize:
	@scripts/install-packages build check
	@$(setup) -Db_sanitize=address,undefined -Db_lundef=false
	@ninja -C $(build) $(tests)
	@scripts/check $(build)

.PHONY: aarch64
aarch64:
	@scripts/install-packages build aarch64
	@$(setup)
	@scripts/build-aarch64 $(build) $(OPTIONS)

.PHONY: install
install:
	@scripts/install-packages build
	@$(setup)
	@meson configure $(build) -Dprefix=$(call quote,$(PREFIX))
	@ninja -C $(build)
	@DESTDIR=$(call quote,$(DESTDIR)) meson install -C $(build) --no-rebuild

.PHONY: bench
bench:
	@scripts/install-packages build bench aarch64
	@$(setup)
	@ninja -C $(build) --quiet bench_programs ring0 tests/boot/kernel32.elf
	@scripts/build-aarch64 $(build) $(OPTIONS)
	@bench/run $(build) $(if $(COMPARE),$(call quote,$(COMPARE)))

.PHONY: fuzz
ifeq ($(shell uname -m),aarch64)
fuzz:
	@scripts/install-packages build check
	@$(setup)
	@ninja -C $(build)
	@tests/arm64/fuzz $(build) $(build)/ring0 $(COUNT)
else
fuzz:
	@scripts/install-packages build check
	@$(setup)
	@ninja -C $(build) tests/fuzz/boot_fuzz tests/fuzz/device_fuzz tests/fuzz/reset_fuzz tests/fuzz/suite_fuzz
	@$(build)/tests/fuzz/boot_fuzz --count $$(($(COUNT) * 10)) --seconds 1800
	@$(build)/tests/fuzz/suite_fuzz --count $$(($(COUNT) * 10)) --seconds 1800
	@$(build)/tests/fuzz/device_fuzz --count $(COUNT) --seconds 1800
	@$(build)/tests/fuzz/reset_fuzz --count $(COUNT) --seconds 5400
	@$(build)/tests/fuzz/reset_fuzz --count $(COUNT) --seconds 5400 --cpus 2
	@scripts/install-packages build aarch64
	@ninja -C $(build) ring0
	@scripts/build-aarch64 $(build) $(OPTIONS)
	@tests/arm64/fuzz $(build) $(build)/ring0 $(COUNT)
endif

.PHONY: lint
lint: build = $(call quote,$(BUILD)-lint)
lint:
	@scripts/install-packages build check lint
	@CC=clang; export CC; $(setup) -Dwerror=true >/dev/null
	@ninja -C $(build) --quiet all bench_programs
	@scripts/lint $(build)

# The comment at the top.
.PHONY: help
help:
	@sed -n '/^# A thin layer/,/^$$/s/^# \{0,1\}//p' $(call quote,$(firstword $(MAKEFILE_LIST)))

.PHONY: clean
clean:
	rm -rf $(build) $(build)-sanitize $(build)-lint
