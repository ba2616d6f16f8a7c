#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A project that uses ring0 is built against an installed copy, by each build system that the guide
# names, and its tests are run by that: those that pass, that fail and that are skipped must come
# out as such.
#
#	tests/consumer_test.sh BUILD PROJECT ONE_TEST OLD_KVM.so
#
# Prints TAP. Without a KVM to use, the tests run in the lab.
set -u

build=$1
project=$2
one_test=$(readlink -f "$3")
old_kvm=$(readlink -f "$4")
tests=$(dirname "$(readlink -f "$0")")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM

# What the caller's build or environment has set is not for this project.
unset DESTDIR CFLAGS LDFLAGS LDLIBS MAKEFLAGS MAKELEVEL CTEST_OUTPUT_ON_FAILURE CTEST_PARALLEL_LEVEL
lab=${RING0_LAB-}
unset RING0_LAB R0_TIMEOUT_FACTOR

# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
tap_log=$folder/log

# check NAME COMMAND…: it succeeds.
check()
{
	name=$1
	shift
	"$@" >"$folder/log" 2>&1
	report $? "$name"
}

# check_fails NAME COMMAND…: it fails.
check_fails()
{
	name=$1
	shift
	! "$@" >"$folder/log" 2>&1
	report $? "$name"
}

# shows NAME TEXT…: the last command printed each.
shows()
{
	name=$1
	missing=0
	shift
	for text; do
		if ! grep -q -E -e "$text" "$folder/log"; then
			echo "missing: $text" >>"$folder/log"
			missing=1
		fi
	done
	report $missing "$name"
}

# A copy of the project that has a test which fails, for after the others were seen to pass.
add_failing_test()
{
	cat >>"$1/timer_test.c" <<-'END'

	R0_TEST(timer, fails)
	{
		R0_FAIL("as it should");
	}
	END
	# Make and Ninja go by the time, of which some file systems have coarse ones.
	touch -d '+2 seconds' "$1/timer_test.c"
}

# shellcheck disable=SC2317 # called by check
without_kvm()
{
	# To LD_PRELOAD a space ends a name.
	env -u RING0_LAB LD_LIBRARY_PATH="$(dirname "$old_kvm")" LD_PRELOAD="$(basename "$old_kvm")" \
		OLD_KVM_VERSION=11 "$@"
}

cd "$folder" || exit 1
check 'install' env DESTDIR="$folder/stage" meson install -C "$build" --no-rebuild
pc=$(find "$folder/stage" -name ring0.pc)
config=$(find "$folder/stage" -name ring0Config.cmake)
if [ -z "$pc" ] || [ -z "$config" ]; then
	echo 'Bail out! ring0.pc or ring0Config.cmake was not installed'
	exit 1
fi
# For CMake, moved out of its prefix.
prefix=$(eval "printf %s $(sed -n 's/^prefix=//p' "$pc")")
cp -R "$folder/stage$prefix" "$folder/moved"

"$one_test" >"$folder/log" 2>&1
kvm=$?
# An installed program would look for the command where it is to be in the end.
if [ $kvm -eq 77 ] && [ "$lab" != none ]; then
	kvm=0
	RING0_LAB=auto
	RING0_COMMAND=$build/ring0
	export RING0_LAB RING0_COMMAND
fi

cmake_checks()
{
	CMAKE_PREFIX_PATH=$folder/moved
	export CMAKE_PREFIX_PATH
	cp -R --no-preserve=mode "$project" cmake
	check "$1, configured" cmake -S cmake -B cmake/build -G "$1"
	check "$1, built" cmake --build cmake/build
	check "$1, discovered: each case, no nodefault test" \
		sh -c 'cd cmake/build && ctest -N && ! ctest -N | grep every_rate'
	shows "$1, names" ': ring0\.timer\.starts$' ': ring0\.timer\.divisor\[0\]$' \
		': ring0\.timer\.divisor\[2\]$' 'Total Tests: 7$'
	check "$1, labels are the groups" sh -c 'cd cmake/build && ctest -N -L arithmetic'
	shows "$1, labelled cases" 'Total Tests: 3$'
	check "$1, without KVM all is skipped" without_kvm ctest --test-dir cmake/build
	shows "$1, seven skips" '100% tests passed' '7 - ring0\.timer\.of_hyper_v_counts \(Skipped\)' \
		'1 - ring0\..* \(Skipped\)'
	if [ $kvm -eq 77 ]; then
		skip "$1, run" 'no usable KVM'
	else
		check "$1, run" ctest --test-dir cmake/build -V
		# A case runs alone: were its name a glob, it would be all of them, or none.
		shows "$1, one test each" '#1: ring0\..* Passed' 'PASS .*timer\.divisor\[1\]' \
			'7: .*Running 1 test' '1 - ring0|7 - ring0\.timer\.of_hyper_v_counts \(Skipped\)' \
			'100% tests passed'
		[ "$(grep -c 'PASS .*timer\.divisor' "$folder/log")" -eq 3 ]
		report $? "$1, each case once"
	fi

	# After a change, a build suffices.
	add_failing_test cmake
	check "$1, built again" cmake --build cmake/build
	check "$1, listed again" ctest --test-dir cmake/build -N
	shows "$1, the new test is known" ': ring0\.timer\.fails$' 'Total Tests: 8$'
	if [ $kvm -eq 77 ]; then
		skip "$1, a failure" 'no usable KVM'
	else
		check_fails "$1, a failure" ctest --test-dir cmake/build
		shows "$1, named" '[1-8] - ring0\.timer\.fails \(Failed\)' '1 tests failed out of 8'
	fi
	rm -rf cmake
}

if command -v cmake >/dev/null; then
	cmake_checks 'Unix Makefiles'
	cmake_checks 'Ninja'

	# Arguments with all that CMake, its lists and its scripts take for something.
	cp -R --no-preserve=mode "$project" cmake
	cat >>cmake/CMakeLists.txt <<-'END'
	ring0_discover_tests(timer_test PREFIX "a;b]=] \"c\" \$d/" EXTRA_ARGS --all --timeout 5000
		WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}"
		PROPERTIES LABELS "one;two" ENVIRONMENT "R0_TIMEOUT_FACTOR=2;OTHER=1")
	END
	check 'options, built' sh -c 'cmake -S cmake -B cmake/build && cmake --build cmake/build'
	check 'options, listed' ctest --test-dir cmake/build -N -L two
	# shellcheck disable=SC2016 # no variable
	shows 'options, names' 'a;b\]=\] "c" \$d/timer\.divisor\[2\]$' 'every_rate$' 'Total Tests: 8$'
	check 'options, groups remain labels' ctest --test-dir cmake/build -N -L slow
	shows 'options, the slow one' 'Total Tests: 1$'
	check 'options, properties' sh -c \
		'ctest --test-dir cmake/build --show-only=json-v1 -L slow | tr -d " \n"'
	shows 'options, both variables' '"ENVIRONMENT","value":\["R0_TIMEOUT_FACTOR=2","OTHER=1"\]' \
		'"SKIP_RETURN_CODE","value":77' '"--all","--timeout","5000","timer.every_rate"'
	if [ $kvm -eq 77 ]; then
		skip 'options, run' 'no usable KVM'
	else
		check 'options, run' ctest --test-dir cmake/build -L two
		shows 'options, passed' '100% tests passed.* out of 8'
	fi
	rm -rf cmake

	# ring0 found in one folder, its function called in another, whose variables are others.
	mkdir scopes
	cp -R --no-preserve=mode "$project" scopes/program
	cat >scopes/CMakeLists.txt <<-'END'
	cmake_minimum_required(VERSION 3.20)
	project(scopes LANGUAGES C)
	enable_testing()
	add_subdirectory(ring0)
	add_executable(timer_test program/timer_test.c program/timer.c)
	target_compile_options(timer_test PRIVATE -mgeneral-regs-only)
	target_link_libraries(timer_test PRIVATE ring0::ring0)
	ring0_discover_tests(timer_test)
	END
	mkdir scopes/ring0
	cat >scopes/ring0/CMakeLists.txt <<-'END'
	find_package(ring0 REQUIRED)
	set_target_properties(ring0::ring0 PROPERTIES IMPORTED_GLOBAL TRUE)
	END
	check 'scopes, built' sh -c 'cmake -S scopes -B scopes/build && cmake --build scopes/build'
	check 'scopes, listed' ctest --test-dir scopes/build -N
	shows 'scopes, names' ': timer\.starts$' 'Total Tests: 7$'
	rm -rf scopes

	# Several configurations in one tree.
	cp -R --no-preserve=mode "$project" cmake
	check 'configurations, built' sh -c 'cmake -S cmake -B cmake/build -G "Ninja Multi-Config" &&
		cmake --build cmake/build --config Release'
	check 'configurations, listed' ctest --test-dir cmake/build -C Release -N
	shows 'configurations, names' 'Total Tests: 7$'
	check_fails 'configurations, one that was not built' ctest --test-dir cmake/build -C Debug
	shows 'configurations, says so' 'ring0\.timer_test_NOT_BUILT'
	rm -rf cmake

	# Versions.
	for pair in 0.1:0 0:0 0.1...9:0 0.2:1 1:1 9...10:1; do
		version=${pair%:*}
		mkdir version
		cat >version/CMakeLists.txt <<-END
		cmake_minimum_required(VERSION 3.20)
		project(version LANGUAGES C)
		find_package(ring0 $version REQUIRED)
		END
		if [ "${pair#*:}" -eq 0 ]; then
			check "version $version is there" cmake -S version -B version/build
		else
			check_fails "version $version is not" cmake -S version -B version/build
		fi
		rm -rf version
	done
	unset CMAKE_PREFIX_PATH
else
	skip 'CMake' 'no cmake'
fi

# The others find it by pkg-config.
PKG_CONFIG_SYSROOT_DIR=$folder/stage
PKG_CONFIG_PATH=$(dirname "$pc")
export PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_PATH

meson_checks()
{
	cp -R --no-preserve=mode "$project" meson
	check 'Meson, built' sh -c 'meson setup meson/build meson && ninja -C meson/build'
	check 'Meson, without KVM all is skipped' without_kvm meson test -C meson/build
	shows 'Meson, a skip' '^1/1 (timer:)?timer +SKIP' '^Skipped: +1'
	if [ $kvm -eq 77 ]; then
		skip 'Meson, run' 'no usable KVM'
	else
		check 'Meson, run' meson test -C meson/build --verbose
		shows 'Meson, read as TAP' '^1/1 (timer:)?timer +OK .* 6 subtests passed' \
			'timer\.of_hyper_v_counts +SKIP'
		add_failing_test meson
		check_fails 'Meson, a failure' meson test -C meson/build --verbose
		shows 'Meson, named' 'timer\.fails +FAIL'
	fi
}

# pkgconf 1.8 puts a backslash before each byte of what is not ASCII: shells take it, Meson does not.
if printf %s "$prefix" | LC_ALL=C grep -q '[^ -~]'; then
	skip Meson "pkg-config's output is no UTF-8 where the prefix is not ASCII"
else
	meson_checks
fi

cp -R --no-preserve=mode "$project" make
check 'make, built' make -C make timer_test
if [ $kvm -eq 77 ]; then
	skip 'make, run' 'no usable KVM'
else
	check 'make, run' make -C make check
	shows 'make, passed' '6 passed, 1 skipped'
	add_failing_test make
	check_fails 'make, a failure' make -C make check
	shows 'make, named' 'FAIL .*timer\.fails'
fi

# As the guide's first line has it.
check 'cc, built' "$tests/with_ring0" cc -mgeneral-regs-only -o timer_test "$project/timer_test.c" \
	"$project/timer.c"
if [ $kvm -eq 77 ]; then
	skip 'cc, run' 'no usable KVM'
else
	check 'cc, run' ./timer_test
fi

echo "1..$number"
exit $failed
