#!/bin/sh
# SPDX-License-Identifier: MIT
#
# scripts/install-packages with stand-ins for dpkg-query, apt-get, sudo and id: what is installed, and what
# is said, in one line, where it can't be. Prints TAP.
#
#	tests/packages_test.sh INSTALL_PACKAGES
set -u

script=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
tap_log=$folder/apt

# The script looks for what belongs to it beside itself; its mark on meson.build is not for this tree.
mkdir "$folder/scripts" "$folder/bin"
cp "$script" "$folder/scripts/install-packages"
: >"$folder/meson.build"
# Only what is named here can be run.
for command in sh awk cat dirname env grep sed touch tr; do
	ln -s "$(command -v "$command")" "$folder/bin/$command"
done
cat >"$folder/bin/dpkg-query" <<'END'
#!/bin/sh
for package; do :; done
[ "$package" != "$MISSING" ] || exit 1
case " $INSTALLED " in
*" $package "* | ' all ') printf installed ;;
*) exit 1 ;;
esac
END
cat >"$folder/bin/uname" <<'END'
#!/bin/sh
echo "$MACHINE"
END
cat >"$folder/bin/id" <<'END'
#!/bin/sh
echo "$USER_ID"
END
cat >"$folder/bin/apt-get" <<'END'
#!/bin/sh
echo "$0 $*" | sed 's/.*apt-get/apt-get/' >>"$LOG"
case $* in
*update*) printf '%s' "$UPDATE_SAYS" ;;
*) [ -z "$INSTALL_SAYS" ] || { printf '%s' "$INSTALL_SAYS"; exit 100; } ;;
esac
END
# shellcheck disable=SC2016 # for the script
printf '#!/bin/sh\necho sudo >>"$LOG"\nexec "$@"\n' >"$folder/sudo"
chmod +x "$folder"/bin/* "$folder/sudo"

# says TEXT: a line is all of it, an expression; or, if it is empty, nothing was said.
says()
{
	if [ -n "$1" ]; then
		grep -q -x -e "$1" "$folder/output"
	else
		[ ! -s "$folder/output" ]
	fi
}

# check NAME STATUS TEXT [VARIABLE=VALUE…] COMMAND…
check()
{
	name=$1 wanted=$2 text=$3
	shift 3
	: >"$folder/apt"
	env -i PATH="$folder/bin" LOG="$folder/apt" INSTALLED= MISSING= MACHINE=x86_64 USER_ID=0 UPDATE_SAYS= INSTALL_SAYS= \
		"$@" >"$folder/output" 2>&1
	status=$?
	if [ "$status" -ne "$wanted" ] || ! says "$text"; then
		report 1 "$name" "$folder/output" "$folder/apt"
		echo "# exit status $status, not $wanted, or no line '$text'"
	else
		report 0 "$name"
	fi
}

# calls NAME TEXT: what was called in the end.
calls()
{
	[ "$(tr '\n' ';' <"$folder/apt")" = "$2" ]
	report $? "$1"
}

install=$folder/scripts/install-packages
quiet='apt-get --quiet --quiet --yes'
get="$quiet install --no-install-recommends qemu-system-x86;"

echo 1..22
: >"$folder/output"
check 'root installs what is missing' 0 'Installing missing packages: qemu-system-x86' "$install" lab
calls 'root, by one call' "$get"
check 'nothing is missing: nothing is said' 0 '' INSTALLED=all "$install" build check lab
calls 'nothing is missing: nothing is called' ''

check 'an arm64 host has another lab' 0 '  qemu-system-arm    the lab: .*' MACHINE=aarch64 "$install" lab
calls 'and no package of the other' "$quiet install --no-install-recommends qemu-system-arm;"
check 'what an arm64 host has no use for' 1 'scripts/install-packages: this is an arm64 machine: .*' MACHINE=aarch64 "$install" build aarch64
check 'nor has yet' 1 'scripts/install-packages: make bench is for x86 machines so far' MACHINE=aarch64 "$install" build bench

check 'no such package, and an archive that is not reached' 1 \
	'scripts/install-packages: E: Unable to locate package q; apt-get update: W: Failed to fetch x; .* qemu-system-x86' \
	INSTALL_SAYS='Reading
E: Unable to locate package q
E: more' UPDATE_SAYS='W: Failed to fetch x
W: Some index files failed to download.' "$install" lab
calls 'the index is updated once' "$get$quiet update;$get"
check 'apt fails half-way' 1 'scripts/install-packages: E: dpkg was interrupted, .*; mend that, or .*' \
	INSTALL_SAYS='E: dpkg was interrupted, you must run dpkg --configure -a' "$install" lab

check 'neither root nor sudo: the one list' 1 \
	'scripts/install-packages: .*administrator.*make demo and make check alike: apt-get .* gcc .* qemu-system-x86 .* cmake .*' \
	USER_ID=1000 "$install" build
calls 'neither root nor sudo: nothing is called' ''
check 'the same list for the other' 1 '.* alike: apt-get .* gcc .* qemu-system-x86 .* cmake .*' \
	USER_ID=1000 "$install" check
check 'what is there is not in it' 1 '.* --no-install-recommends libc6-dev .*' \
	INSTALLED=gcc USER_ID=1000 "$install" lab
check 'what this Debian lacks is not asked for' 0 '' INSTALLED=all MISSING=lava-common "$install" check-all
calls 'nor is it installed' ''
printf '#!/bin/sh\n[ "$*" = "show lava-common" ]\n' >"$folder/bin/apt-cache"
chmod +x "$folder/bin/apt-cache"
check 'another has it' 0 '  lava-common        checks the job for LAVA .*' INSTALLED=all MISSING=lava-common "$install" check-all
calls 'and it is installed' "$quiet install --no-install-recommends lava-common;"
rm "$folder/bin/apt-cache"
cp "$folder/sudo" "$folder/bin/sudo"
check 'sudo installs' 0 'Installing missing packages: qemu-system-x86' USER_ID=1000 "$install" lab
calls 'by sudo' "sudo;$get"
rm "$folder/bin/apt-get"
check 'no apt' 0 'This is no Debian or Ubuntu.* qemu-system-x86' "$install" lab
exit $failed
