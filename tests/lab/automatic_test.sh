#!/bin/sh
# SPDX-License-Identifier: MIT
#
# RING0_LAB=auto, and what scripts/demo and scripts/check make of it, on a host without a KVM to use and
# without a kernel for the lab: the kernel is fetched once, however many ask for it, and nothing half-made
# is left where that fails or is interrupted. Prints TAP.
#
#	tests/lab/automatic_test.sh BUILD ONE_TEST OLD_KVM.so
#
# apt is a stand-in, whose packages are the kernel that the lab has already.
set -u

if [ "${RING0_LAB-}" = none ]; then
	echo '1..0 # SKIP RING0_LAB=none'
	exit 77
fi
unset RING0_LAB

build=$(realpath "$1")
one_test=$(realpath "$2")
old_kvm=$(realpath "$3")
scripts=$(dirname "$(realpath "$0")")/../../scripts
ring0=$build/ring0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
tap_log=$folder/log

# result NAME: of the command before; the log goes along if it failed.
result()
{
	report $? "$1"
}

# expect STATUS COMMAND…: run it, and see that this is its exit status.
expect()
{
	wanted=$1
	shift
	"$@" </dev/null >"$folder/log" 2>&1
	got=$?
	[ $got -eq "$wanted" ] && return
	echo "exit status $got, not $wanted" >>"$folder/log"
	return 1
}

says()
{
	grep -q -e "$1" "$folder/log"
}

# fetched N: so many times was the kernel downloaded; and nothing of it lies about.
fetched()
{
	times=$(grep -c download "$folder/apt.log")
	left=$(find "$cache" -name 'fetch-*')
	[ "$times" -eq "$1" ] && [ -z "$left" ] && return
	echo "fetched $times times, not $1; left: $left" >>"$folder/log"
	return 1
}

if ! RING0_LAB=auto "$ring0" lab true >"$folder/log" 2>&1; then
	echo "Bail out! no lab (RING0_LAB=none does without): $(tail -n 1 "$folder/log")"
	exit 1
fi
if [ -n "${RING0_LAB_KERNEL-}" ]; then
	kernel=$(dirname "$RING0_LAB_KERNEL")/..
	unset RING0_LAB_KERNEL
else
	kernel=${XDG_CACHE_HOME:-$HOME/.cache}/ring0/lab/kernel-x86_64
fi

mkdir "$folder/bin"
cat >"$folder/bin/apt-get" <<'END'
#!/bin/sh
echo "$*" >>"$STANDIN/apt.log"
case $* in
*update*)
	# Long enough to come too late, or to be interrupted.
	sleep 1
	;;
*download*)
	[ ! -e "$STANDIN/broken" ] || { echo 'E: the archive is broken' >&2; exit 100; }
	: >standin.deb
	;;
esac
END
cat >"$folder/bin/apt-cache" <<'END'
#!/bin/sh
for package; do :; done
printf 'Package: %s\nSize: 28000000\n' "$package"
case $* in
*-cloud-amd64) echo 'Depends: linux-image-0-standin' ;;
esac
END
printf '#!/bin/sh\n' >"$folder/bin/apt-config"
cat >"$folder/bin/dpkg-deb" <<'END'
#!/bin/sh
mkdir -p tree && cp -R "$STANDIN/kernel/boot" "$STANDIN/kernel/lib" tree/
END
chmod +x "$folder"/bin/*
ln -s "$(realpath "$kernel")" "$folder/kernel"
STANDIN=$folder
PATH=$folder/bin:$PATH
cache=$folder/cache
XDG_CACHE_HOME=$cache
RING0_COMMAND=$ring0
export STANDIN PATH XDG_CACHE_HOME RING0_COMMAND

fresh()
{
	rm -rf "$cache" "$folder/broken"
	mkdir -p "$cache"
	: >"$folder/apt.log"
}

# A KVM of another version: none to use. To LD_PRELOAD a space ends a name.
without_kvm()
{
	env LD_LIBRARY_PATH="$(dirname "$old_kvm")" LD_PRELOAD="$(basename "$old_kvm")" OLD_KVM_VERSION=11 "$@"
}

echo 1..11

fresh
expect 83 "$ring0" lab "$one_test" && says 'RING0_LAB=auto' && fetched 0
result 'nothing is fetched unasked'

fresh
expect 77 without_kvm "$one_test" && says 'RING0_LAB=auto' && fetched 0
result 'a program without a KVM is skipped, and says what to do'
expect 0 without_kvm RING0_LAB=auto "$one_test" && says 'there is no x86_64 kernel yet' && says ' MB' && says PASSED &&
	fetched 1
result 'with RING0_LAB=auto it has the kernel fetched, and passes'
expect 0 without_kvm RING0_LAB=auto "$one_test" && ! says 'ring0 lab:' && fetched 1
result 'and the next time has nothing to say'

fresh
for i in 1 2 3; do
	(
		RING0_LAB=auto "$ring0" lab "$one_test" >"$folder/log$i" 2>&1
		echo "status $?" >>"$folder/log$i"
	) &
done
wait
cat "$folder/log1" "$folder/log2" "$folder/log3" >"$folder/log"
[ "$(grep -c '^status 0$' "$folder/log")" -eq 3 ] && says 'another run fetches a kernel' && fetched 1
result 'three at once fetch it once'

fresh
: >"$folder/broken"
expect 83 env RING0_LAB=auto "$ring0" lab "$one_test" && says 'the archive is broken' && fetched 1
result 'a fetch that fails'
rm "$folder/broken"
expect 0 env RING0_LAB=auto "$ring0" lab "$one_test" && fetched 2
result 'is made again the next time'

# While it fetches, and while it waits for another's.
fresh
RING0_LAB=auto "$ring0" lab "$one_test" >"$folder/log1" 2>&1 &
first=$!
until [ -s "$folder/apt.log" ]; do sleep 0.1; done
expect 143 env RING0_LAB=auto timeout --preserve-status 0.5 "$ring0" lab "$one_test" && says 'another run'
result 'the wait for a fetch can be interrupted'
kill -s TERM "$first"
wait "$first" 2>/dev/null
[ $? -eq 143 ] && fetched 0
result 'and the fetch'

fresh
expect 85 env RING0_LAB=auto "$ring0" lab --qemu no-such-qemu "$one_test" && says 'qemu-system-x86' && fetched 0
result 'without QEMU nothing is fetched'

# The reason depends on what there is here instead.
without_kvm "$scripts/no-kvm" "$one_test" >"$folder/log" 2>&1 && says '/dev/kvm' && ! says 'RING0_LAB' &&
	! without_kvm RING0_LAB=none "$scripts/no-kvm" "$one_test"
result 'scripts/no-kvm says why'

exit $failed
