#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Whether scripts/lint-rooms names what breaks the order of the rooms:
#
#	tests/lint_rooms_test.sh SOURCE BUILD
#
# On a copy of the sources and of the build folder's objects, with one fault of each kind in turn.
set -u

source=$1
build=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM

# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
tap_log=$folder/log

# Only what the lint looks at: not the tests, nor their objects.
# shellcheck disable=SC2016 # a pattern, not a command
rooms=$(LC_ALL=C sed -n 's,^| `\([a-z]*\)/.*,\1,p' "$source/docs/internals.md" | sort -u)
mkdir "$folder/build" "$folder/docs"
cp "$source/docs/internals.md" "$folder/docs"
for room in $rooms scripts examples; do
	cp -r "$source/$room" "$folder"
done
(cd "$build" && find . -path ./tests -prune -o -name '*.o' -print | tar -c -f - -T -) |
	tar -x -f - -C "$folder/build"
cp "$build/compile_commands.json" "$build/build.ninja" "$build/libring0.a" "$folder/build"

lint()
{
	(cd "$folder" && scripts/lint-rooms build) >"$folder/log" 2>&1
}

# named TEXT NAME: it fails, and one line has that text.
named()
{
	lint
	[ $? -eq 1 ] && grep -q -F -e "$1" "$folder/log"
	report $? "$2"
}

# Compile a file of the copy as the build folder did.
compile()
{
	python3 - "$folder/build" "$1" <<'END'
import json
import os
import subprocess
import sys

build, source = sys.argv[1:]
with open(os.path.join(build, 'compile_commands.json'), encoding='utf-8') as file:
    command = next(entry for entry in json.load(file) if entry['file'].endswith('/' + source))
subprocess.run(command['command'] + ' -Wno-missing-prototypes', shell=True, cwd=build, check=True)
END
}

# with_lines FILE: add standard input to a file; without puts the file back.
with_lines()
{
	cat >>"$folder/$1"
}

without()
{
	cp "$source/$1" "$folder/$1"
}

echo 1..12

lint
report $? 'the rooms are in order'

with_lines base/text.c <<'END'
void text_in_a_circle(void);
void buffer_in_a_circle(void);
void text_in_a_circle(void)
{
	buffer_in_a_circle();
}
END
with_lines base/buffer.c <<'END'
void text_in_a_circle(void);
void buffer_in_a_circle(void);
void buffer_in_a_circle(void)
{
	text_in_a_circle();
}
END
compile base/text.c
compile base/buffer.c
named 'a circle of 2 files: base/buffer.c, base/text.c' 'a circle of two files'
without base/text.c
without base/buffer.c
compile base/text.c
compile base/buffer.c

with_lines base/buffer.h <<'END'
#include "kvm/vm/vm.h"
END
named "base/buffer.h:$(grep -c '' "$folder/base/buffer.h"): base/ includes kvm/vm/vm.h" 'an include of a higher room'
without base/buffer.h

with_lines base/error.c <<'END'
void bus_init(void *);
void error_above(void *bus);
void error_above(void *bus)
{
	bus_init(bus);
}
END
compile base/error.c
named 'base/error.c: base/ needs bus_init of devices/bus.c' 'a name of a higher room, without an include'
without base/error.c
compile base/error.c

with_lines guest/text/format.c <<'END'
static uint64_t clock(void)
{
	return r0_rdmsr(0x10);
}
END
named "guest/text/format.c:$(($(grep -c '' "$folder/guest/text/format.c") - 1)): 'r0_rdmsr('" \
	'an rdmsr in a file whose name says nothing of x86'
without guest/text/format.c

with_lines guest/text/format.c <<'END'
static void relax(void)
{
	__asm__ volatile("pause");
}
END
named "guest/text/format.c:$(($(grep -c '' "$folder/guest/text/format.c") - 1)): '__asm__'" \
	'an instruction in a file whose name says nothing of x86'
without guest/text/format.c

with_lines machine/machine.h <<'END'
#include "machine/topology_x86_64.h"
END
named "machine/machine.h:$(grep -c '' "$folder/machine/machine.h"): '#include" \
	"a header of x86's in a file whose name says nothing of it"
without machine/machine.h

with_lines include/ring0/call.h <<'END'
static inline void r0_relax(void) { __asm("pause"); }
END
named "include/ring0/call.h:$(grep -c '' "$folder/include/ring0/call.h"): '__asm'" \
	'an instruction in a public header of no architecture'
without include/ring0/call.h

with_lines examples/io_test.c <<'END'
#include "guest/text/format.h"
END
named "examples/io_test.c:$(grep -c '' "$folder/examples/io_test.c"): includes guest/text/format.h" \
	'an example that includes what users do not have'
without examples/io_test.c

echo 'int spare;' >"$folder/base/spare.c"
if command -v aarch64-linux-gnu-gcc >/dev/null; then
	named 'base/spare.c: nothing compiles it for aarch64' 'a file of no architecture that is for one alone'
else
	skip 'a file of no architecture that is for one alone' 'no aarch64-linux-gnu-gcc'
fi
rm "$folder/base/spare.c"

mkdir "$folder/attic"
echo 'int attic;' >"$folder/attic/trunk.c"
named 'attic/: no line in docs/internals.md' 'a folder that the docs do not list'
rm -r "$folder/attic"

sed -i '/^r0_publish$/d' "$folder/scripts/exported-names"
named 'shows r0_publish, which' 'a name that the library shows and the list does not have'
without scripts/exported-names

exit $failed
