#!/bin/sh
# SPDX-License-Identifier: MIT
#
# scripts/fresh-machine, with a debootstrap that takes this machine's own folders for the new one's: what the
# command finds there, what is said where it can't be had, and that nothing is left after a signal.
#
#	tests/fresh_machine_test.sh SOURCE
#
# SOURCE is the project's folder. Prints TAP; skipped without root, a repository or namespaces.
set -u

source=$1
if [ "$(id -u)" -ne 0 ]; then
	echo '1..0 # SKIP not root'
	exit 77
fi
if ! git -c safe.directory="$source" -C "$source" rev-parse --quiet --verify HEAD >/dev/null 2>&1; then
	echo '1..0 # SKIP the source is no git repository'
	exit 77
fi
if ! unshare --mount --pid --fork mount -t tmpfs tmpfs /mnt 2>/dev/null; then
	echo '1..0 # SKIP no right to mount'
	exit 77
fi
folder=$(mktemp -d)
machine=
trap '[ -z "$machine" ] || kill "$machine" 2>/dev/null; rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
tap_log=$folder/log

# The stand-in, which waits if $STALL says so.
mkdir -p "$folder/bin" "$folder/suites/scripts" "$folder/tmp"
touch "$folder/suites/scripts/sid"
cat >"$folder/bin/debootstrap" <<'END'
#!/bin/sh
set -e
for root; do
	last=$previous previous=$root
done
root=$last
case $previous in
*unreachable*)
	echo 'I: Retrieving InRelease'
	echo 'E: Failed getting release file http://unreachable/dists/sid/Release'
	exit 1
	;;
esac
mkdir -p "$root"
cd "$root"
mkdir -p dev/pts dev/shm proc sys tmp root etc/apt/apt.conf.d usr
touch dev/null dev/zero dev/urandom
for node in null zero urandom; do
	mount --bind /dev/$node dev/$node
done
mount --bind /usr usr
for name in bin sbin lib lib64; do
	[ ! -e /$name ] || ln -s usr/$name $name
done
cp /etc/ld.so.cache etc/ 2>/dev/null || true
[ "${STALL:-}" != debootstrap ] || sh -c "$WAIT"
END
chmod +x "$folder/bin/debootstrap"
PATH=$folder/bin:$PATH
DEBOOTSTRAP_DIR=$folder/suites
TMPDIR=$folder/tmp
# Two processes, one of which leaves the session, known by their arguments.
WAIT="setsid sleep 600.$$ & sleep 600.$$"
export PATH DEBOOTSTRAP_DIR TMPDIR WAIT

fresh()
{
	"$source/scripts/fresh-machine" "$@" >"$folder/log" 2>&1 </dev/null
}

# By its arguments, in whatever namespace it is.
count_waiting()
{
	grep -l -s -z -x "600\.$$" /proc/[0-9]*/cmdline | wc -l
}

nothing_is_left()
{
	[ -z "$(ls -A "$folder/tmp")" ] && ! grep -q "$folder/tmp" /proc/mounts && [ "$(count_waiting)" -eq 0 ]
}

# One line, of this text, with status 1 or 2.
refuses()
{
	text=$1 name=$2
	shift 2
	fresh "$@"
	[ $? -le 2 ] && [ "$(grep -c -v ' from .*, in ' "$folder/log")" -eq 1 ] &&
		grep -q "^scripts/fresh-machine: .*$text" "$folder/log" && nothing_is_left
	report $? "$name"
}

refuses 'usage' 'no suite'
refuses 'usage' 'too many words' sid true true
refuses 'usage' 'a path for a suite' ../sid
refuses "no suite 'nosuch'" 'a suite that nobody knows' nosuch
refuses 'Failed getting release file.*--mirror' 'no network' --mirror http://unreachable/debian sid
mv "$folder/bin/debootstrap" "$folder/bin/other"
(
	PATH=$folder/none:/usr/bin:/bin
	if ! command -v debootstrap >/dev/null; then
		fresh sid
		grep -q 'apt-get install debootstrap' "$folder/log"
	fi
)
report $? 'no debootstrap'
mv "$folder/bin/other" "$folder/bin/debootstrap"
# Somebody who may not look into this folder.
setpriv --reuid 65534 --clear-groups sh -s sid <"$source/scripts/fresh-machine" >"$folder/log" 2>&1
grep -q '^scripts/fresh-machine: .*takes root: sudo' "$folder/log"
report $? 'not root'

fresh sid 'pwd; test -f meson.build && test ! -e build && git status --short; test -c /dev/null && exit 7'
[ $? -eq 7 ] && [ "$(sed 1d "$folder/log")" = /root/ring0 ]
report $? 'the command has a clean clone, and its status is the status'
nothing_is_left
report $? 'nothing is left'
fresh sid 'unshare --mount true && ! grep -v "^[^ ]* /\(proc\|sys\|dev\|tmp\|usr\)\?[/ ]" /proc/mounts'
report $? 'it is a root like any, and this machine is not to be seen from it'
if [ -e /dev/kvm ]; then
	fresh sid 'test -c /dev/kvm'
	report $? '/dev/kvm is there'
fi

# interrupt SIGNAL STAGE: leaves the exit status in $status. Not with the shell's own idea of SIGINT, which
# has what runs in the background ignore it, nor with nohup's of SIGHUP.
interrupt()
{
	command=true STALL=$2
	[ "$2" = debootstrap ] || command=$WAIT
	export STALL
	env --default-signal=HUP,INT,TERM "$source/scripts/fresh-machine" sid "$command" >"$folder/log" 2>&1 </dev/null &
	machine=$!
	while [ "$(count_waiting)" -lt 2 ] && kill -0 $machine 2>/dev/null; do
		sleep 0.1
	done
	kill -"$1" $machine
	wait $machine
	status=$?
	machine=
}

for stage in debootstrap command; do
	for signal in HUP:129 INT:130 TERM:143; do
		interrupt ${signal%:*} $stage
		nothing_is_left && [ $status -eq ${signal#*:} ]
		report $? "SIG${signal%:*} during the $stage: nothing is left"
	done
done
# That can't be caught, so that the folder stays. The processes may take a moment.
interrupt KILL command
while [ "$(count_waiting)" -ne 0 ]; do
	sleep 0.1
done
! grep -q "$folder/tmp" /proc/mounts
report $? 'SIGKILL: no process and no mount is left'
echo "1..$number"
exit $failed
