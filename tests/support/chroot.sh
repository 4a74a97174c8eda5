#!/usr/bin/env bash
# tests/support/chroot.sh SUITE COMMAND...
#
# Runs COMMAND in a copy of this checkout's files on a minimal Debian of that suite (trixie,
# bookworm) in a folder, entered by chroot. It shares this machine's network, /proc, /dev, package
# sources and, where one answers, Docker engine. The folder is kept in
# ${XDG_CACHE_HOME:-~/.cache}/stopfleet/chroot/SUITE, with what was installed and built in it, so a
# second run is quick; one run at a time. Only root can do this. Exit status: COMMAND's.
set -euo pipefail

[ $# -ge 2 ] || { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p;}' "$0" >&2; exit 2; }
suite=$1
shift
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/stopfleet
root=$cache/chroot/$suite

die()
{
    echo "chroot.sh: $1" >&2
    exit 1
}
[ "$(id -u)" = 0 ] || die "only root can enter another Debian: run this as root"
command -v debootstrap >/dev/null || die "no debootstrap here: deploy/packages/install.sh chroot"

mkdir -p "$cache/chroot"
exec 9>"$cache/chroot/$suite.lock"
flock -n 9 || { echo "waiting for another run in $root" >&2; flock 9; }

# The first source of packages that this machine itself uses.
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
    awk '/^URIs:/ {print $2} $1 == "deb" {for (i = 2; i <= NF; i++) if ($i ~ /:\/\//) {print $i; exit}}' |
    grep -v security | head -n 1 || true)
mirror=${mirror:-http://deb.debian.org/debian}

if [ ! -e "$root/.complete" ]; then
    echo "making a minimal Debian $suite from $mirror in $root" >&2
    mountpoint -q "$root/proc" && die "$root/proc is mounted: unmount what is below $root first"
    rm -rf --one-file-system "$root"
    debootstrap --variant=minbase --include=ca-certificates "$suite" "$root" "$mirror" \
        >"$cache/chroot/$suite.log" 2>&1 </dev/null ||
        { tail -n 5 "$cache/chroot/$suite.log" >&2; die "debootstrap $suite failed"; }
    echo "deb $mirror $suite main" >"$root/etc/apt/sources.list"
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" # no service starts in there
    chmod 755 "$root/usr/sbin/policy-rc.d"
    touch "$root/.complete"
fi

mounted=()
leave()
{
    status=$?
    trap - EXIT INT TERM
    for process in /proc/[0-9]*; do # what was left running in there, and nothing else
        [ "$(readlink "$process/root" 2>/dev/null)" != "$root" ] || kill -9 "${process#/proc/}" 2>/dev/null || true
    done
    for ((i = ${#mounted[@]} - 1; i >= 0; i--)); do
        umount -l "${mounted[i]}" || true
    done
    exit "$status"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

for folder in proc sys dev dev/pts; do
    mkdir -p "$root/$folder"
    mount --bind "/$folder" "$root/$folder"
    mounted+=("$root/$folder")
done
mount -t tmpfs tmpfs "$root/dev/shm"
mounted+=("$root/dev/shm")
mount -t tmpfs tmpfs "$root/run"
mounted+=("$root/run")
mkdir -p "$root/run/lock"
if [ -S /var/run/docker.sock ]; then
    touch "$root/run/docker.sock"
    mount --bind /var/run/docker.sock "$root/run/docker.sock"
    mounted+=("$root/run/docker.sock")
fi

# This machine's way to the network.
cp /etc/resolv.conf /etc/hosts "$root/etc/"
cp -rL /etc/ssl/certs/. "$root/etc/ssl/certs/" 2>/dev/null || true
for file in $(grep -ls '^Acquire' /etc/apt/apt.conf.d/* || true); do
    cp "$file" "$root/etc/apt/apt.conf.d/"
done

# The checkout as it is now, and the jars that need not be fetched twice.
mkdir -p "$root/src"
find "$root/src" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
tar -C "$top" --exclude=./build --exclude=./.git -cf - . | tar -C "$root/src" -xf -
for jars in "$cache"/kafka-*/; do
    [ -d "$jars" ] || continue
    mkdir -p "$root/root/.cache/stopfleet"
    cp -ru "${jars%/}" "$root/root/.cache/stopfleet/"
done

env -i HOME=/root TERM="${TERM:-dumb}" LANG=C.UTF-8 CI="${CI:-}" \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    chroot "$root" /bin/sh -c 'cd /src && exec "$@"' sh "$@" </dev/null
