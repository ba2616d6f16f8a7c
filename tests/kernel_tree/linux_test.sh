#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Files of Linux, as they are, under test: the walks of docs/kernel-files.md.
#
#	tests/kernel_tree/linux_test.sh BUILD		run them, and print TAP
#	tests/kernel_tree/linux_test.sh BUILD --table	print the table of docs/kernel-files.md instead
#
# Debian's package of Linux's source is fetched once, into ~/.cache/ring0 (XDG_CACHE_HOME), where its objects are
# compiled by its own build. Without a KVM to use, the tests run in the lab.
set -u

build=$1
table=${2-}
here=$(cd "$(dirname "$0")" && pwd)
tests=$(dirname "$here")
source=$(dirname "$tests")
PKG_CONFIG_PATH=$build/meson-uninstalled:${PKG_CONFIG_PATH-}
RING0_COMMAND=$build/ring0
export PKG_CONFIG_PATH RING0_COMMAND
unset DESTDIR CFLAGS LDFLAGS LDLIBS MAKEFLAGS MAKELEVEL
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
# shellcheck source=tests/tap.sh
. "$tests/tap.sh"
tap_log=$folder/log
: >"$tap_log"

# Each walk: the name of its test file, the object whose flags that has, and the objects.
walks='sort lib/sort.o lib/sort.o lib/rbtree.o
lib lib/list_sort.o lib/list_sort.o lib/crc32.o lib/kstrtox.o lib/hexdump.o lib/bitmap.o lib/find_bit.o lib/ctype.o arch/x86/lib/hweight.o
vsprintf lib/vsprintf.o lib/vsprintf.o lib/string.o lib/ctype.o lib/hexdump.o lib/kstrtox.o
copy_user lib/sort.o arch/x86/lib/copy_user_64.o arch/x86/lib/memcpy_64.o
insn arch/x86/lib/insn.o arch/x86/lib/insn.o arch/x86/lib/inat.o
i8259 arch/x86/kernel/i8259.o arch/x86/kernel/i8259.o
rtc drivers/clocksource/i8253.o drivers/clocksource/i8253.o drivers/rtc/rtc-mc146818-lib.o
early_8250 drivers/tty/serial/8250/8250_early.o drivers/tty/serial/8250/8250_early.o
walker arch/x86/mm/pat/set_memory.o arch/x86/mm/pat/set_memory.o arch/x86/mm/pgtable.o'

# Give up, as a skip if there is nothing that this machine could do.
no_source()
{
	echo "1..0 # SKIP no source of Linux: $1"
	exit 77
}

command -v apt-get >/dev/null || no_source 'this is no Debian'
package=$(apt-cache depends linux-source 2>/dev/null | sed -n 's/.*Depends: \(linux-source-[0-9.]*\)$/\1/p' | head -1)
[ -n "$package" ] || no_source 'no package linux-source'
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ring0/$package
tree=$cache/tree
objects=$(printf '%s\n' "$walks" | cut -d' ' -f3- | tr ' ' '\n' | sort -u)

# One at a time; what is half done is done again.
mkdir -p "$cache" || exit 1
exec 9>"$cache/lock"
flock 9
if [ ! -e "$cache/unpacked" ]; then
	rm -rf "$tree" "$cache/deb"
	mkdir -p "$tree" "$cache/deb"
	(cd "$cache/deb" && apt-get -q download "$package") >"$tap_log" 2>&1 ||
		no_source "apt-get download $package: $(tail -1 "$tap_log")"
	if ! dpkg-deb -x "$cache"/deb/*.deb "$cache/deb" >"$tap_log" 2>&1 ||
		! tar -C "$tree" --strip-components=1 -xf "$cache/deb/usr/src/$package.tar.xz" >>"$tap_log" 2>&1; then
		cat "$tap_log" >&2
		exit 1
	fi
	rm -rf "$cache/deb"
	touch "$cache/unpacked"
fi
# Debian's own flags of the time, and what makes objects harder to take.
if [ ! -e "$cache/configured" ]; then
	(cd "$tree" && make -s defconfig &&
		scripts/config -e FUNCTION_TRACER -e X86_KERNEL_IBT -e SLS -e FORTIFY_SOURCE -d DEBUG_INFO_NONE \
			-e DEBUG_INFO_DWARF_TOOLCHAIN_DEFAULT -e SERIAL_EARLYCON -e SERIAL_8250_CONSOLE &&
		make -s olddefconfig && make -s -j"$(nproc)" prepare) >"$tap_log" 2>&1 || {
		cat "$tap_log" >&2
		exit 1
	}
	touch "$cache/configured"
fi
# shellcheck disable=SC2086 # words: objects
(cd "$tree" && make -s -j"$(nproc)" KCFLAGS=-flive-patching=inline-clone $objects) >"$tap_log" 2>&1
status=$?
flock -u 9
[ -n "$table" ] || report $status "$package: its own build makes $(echo "$objects" | wc -l) objects"
[ $status -eq 0 ] || exit 1

programs=$folder/programs
: >"$programs"
cd "$folder" || exit 1
while read -r name flags_of list; do
	for half in low upper; do
		mkdir -p "$half-$name"
		paths=$(for object in $list; do echo "$tree/$object"; done)
		upper=
		[ $half = low ] || upper=--upper
		# shellcheck disable=SC2086 # words: objects
		"$build/ring0" objects $upper $paths -o "$half-$name/kernel.o" --header "$half-$name/kernel_objects.h" \
			--flags "$half-$name/flags" --flags-of "$tree/$flags_of" >"$half-$name/said" 2>&1 &&
			gcc "@$half-$name/flags" "-I$half-$name" "-I$source/include" -c "$here/$name.c" \
				-o "$half-$name/test.o" >"$tap_log" 2>&1 &&
			"$tests/with_ring0" gcc -no-pie -Wl,-z,noexecstack -Wl,--section-start=r0_percpu=0x20000 \
				-o "$half-$name/program" "$half-$name/test.o" "$half-$name/kernel.o" >>"$tap_log" 2>&1
		status=$?
		[ -n "$table" ] || report $status "$half $name is built" "$half-$name/said" "$tap_log"
		[ $status -ne 0 ] || echo "$half-$name" >>"$programs"
	done
done <<END
$walks
END

cat >all <<'END'
#!/bin/sh
folder=${0%/*}
while read -r program; do
	echo "## $program"
	"$folder/$program/program" --format tap --check-reset --verbose 2>&1
	echo "## status $?"
done <"$folder/programs"
END
chmod +x all
set -- --file "$programs"
while read -r name; do
	set -- "$@" --file "$folder/$name/program"
done <"$programs"
RING0_LAB=none "$(head -1 "$programs")/program" >"$tap_log" 2>&1
if [ $? -ne 77 ]; then
	RING0_LAB=none "$folder/all" >output 2>errors
else
	RING0_LAB=auto "$build/ring0" lab --arch x86_64 --memory 1024 --timeout 1700 "$@" -- "$folder/all" >output 2>errors
fi
awk -v folder="$folder" '
	/^## status / { print $3 >(file ".status"); next }
	/^## / { file = folder "/" $2; next }
	file { print >(file ".tap") }' output

# passes NAME: how many of its tests did, of how many.
passes()
{
	awk '/^ok/ && !/# SKIP/ { passed++ } /^(ok|not ok)/ && !/# SKIP/ { all++ }
		END { print passed == all ? passed + 0 : passed + 0 " of " all }' "$1.tap"
}

# What a test file has besides tests: the lines behind that comment.
by_hand()
{
	awk '/All that is written by hand/ { on = 1; next } on && /^$/ { exit } on { n++ } END { print n + 0 }' \
		"$here/$1.c"
}

if [ -n "$table" ]; then
	echo '| objects | functions | variables | per-CPU | by hand | low | upper |'
	echo '| --- | --- | --- | --- | --- | --- | --- |'
	while read -r name _ list; do
		counts=$(sed -n 's/.*: \([0-9]*\) functions, \([0-9]*\) variables, \([0-9]*\) per-CPU.*/\1 | \2 | \3/p' \
			"low-$name/said")
		# shellcheck disable=SC2016 # Markdown's
		echo "| $(echo "$list" | sed 's/\([^ ]*\)\.o/`\1.o`/g; s/ /, /g') | $counts | $(by_hand "$name") |" \
			"$(passes "low-$name") | $(passes "upper-$name") |"
	done <<END
$walks
END
	exit
fi

while read -r name; do
	[ -e "$name.tap" ] || cp errors "$name.tap"
	# A test that has to be skipped low is of the upper half alone.
	[ "$(cat "$name.status" 2>/dev/null)" = 0 ] && grep -q '^ok' "$name.tap" && ! grep -q '^not ok' "$name.tap" &&
		case $name in upper*) ! grep -q '# SKIP' "$name.tap" ;; esac
	report $? "$name: $(passes "$name") tests pass" "$name.tap"
done <"$programs"
# Of sixteen definitions that i8259.o takes, four are left.
grep -q ' 12 functions, 2 variables, 0 per-CPU variables, 2 thunks' low-i8259/said &&
	[ "$(by_hand i8259)" -le 4 ]
report $? 'i8259.c: at most four lines by hand' low-i8259/said

echo "1..$number"
exit $failed
