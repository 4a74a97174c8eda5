#!/bin/sh
# deploy/packages/install.sh [GROUP...]
#
# Installs the packages of the groups that are missing (default: build quickstart), as the lists
# beside this script name them: debian-12.txt, debian-13.txt. Nothing missing: nothing is done.
# As root, or through sudo. Servers that come with a package are not started by its installation
# (they would be on a reboot); only the group docker may start its engine.
#
#   --list     prints the packages of the groups instead
#   --missing  prints those that are not installed instead
#
# STOPFLEET_PACKAGES=debian-13 takes that list whatever the machine says that it is.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

die()
{
    echo "install.sh: $1" >&2
    exit "${2:-1}"
}

list_for_this_machine()
{
    if [ -n "${STOPFLEET_PACKAGES:-}" ]; then
        echo "$STOPFLEET_PACKAGES"
        return
    fi
    # shellcheck disable=SC1091
    system=$([ -r /etc/os-release ] && . /etc/os-release && echo "${ID:-?}-${VERSION_ID:-${VERSION_CODENAME:-}}") || system=unknown
    case $system in
    debian-12* | debian-13*) echo "$system" ;;
    debian-trixie* | debian-forky* | debian-sid* | debian-) echo debian-13 ;;
    ubuntu-22.*) die "no package list for $system (its cmake is older than 3.25); the nearest is STOPFLEET_PACKAGES=debian-12, with a newer cmake" 2 ;;
    ubuntu-*) die "no package list for $system; the nearest is STOPFLEET_PACKAGES=debian-13" 2 ;;
    *) die "no package list for $system: install what $here/debian-12.txt names, by this system's means" 2 ;;
    esac
}

mode=install
groups=
for word; do
    case $word in
    --list) mode=list ;;
    --missing) mode=missing ;;
    -h | --help)
        sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p;}' "$0"
        exit 0
        ;;
    -*) die "unknown option \"$word\": try --help" 2 ;;
    *) groups="$groups $word" ;;
    esac
done
groups=${groups:-build quickstart}

name=$(list_for_this_machine)
list=$here/$name.txt
[ -r "$list" ] || die "no package list $list" 2

known=$(awk '!/^#/ && NF == 2 {print $1}' "$list" | sort -u | tr '\n' ' ')
packages=
for group in $groups; do
    case " $known" in
    *" $group "*) ;;
    *) die "unknown group \"$group\"; groups: $known" 2 ;;
    esac
    # An engine from elsewhere (docker-ce, a mounted socket) is as good, and docker.io would throw
    # docker-ce out.
    if [ "$group" = docker ] && [ "$mode" != list ]; then
        if [ -S /var/run/docker.sock ] && command -v docker >/dev/null; then
            continue
        fi
        if [ -x "$(command -v dockerd || echo /usr/sbin/dockerd)" ]; then
            packages="$packages iptables"
            continue
        fi
    fi
    packages="$packages $(awk -v g="$group" '!/^#/ && $1 == g {print $2}' "$list")"
done
packages=$(printf '%s\n' $packages | sort -u | sed '/^$/d')

if [ "$mode" = list ]; then
    printf '%s\n' $packages
    exit 0
fi

[ -n "$packages" ] || exit 0
command -v dpkg-query >/dev/null || die "no dpkg here: install by hand: $(echo $packages)" 2
installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' $packages 2>/dev/null | awk '/^.i / {print $NF}')
missing=
for package in $packages; do
    case "
$installed
" in
    *"
$package
"*) ;;
    *) missing="$missing $package" ;;
    esac
done
if [ "$mode" = missing ]; then
    [ -z "$missing" ] || printf '%s\n' $missing
    exit 0
fi
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
    as_root=sudo
else
    die "these packages are missing and this is neither root nor sudo; as root run: apt-get install$missing"
fi

log=$(mktemp)
policy=/usr/sbin/policy-rc.d
policy_is_ours=
watcher=
cleanup()
{
    [ -z "$watcher" ] || kill "$watcher" 2>/dev/null || true
    [ -z "$policy_is_ours" ] || $as_root rm -f "$policy"
    rm -f "$log"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

case " $groups " in
*" docker "*) ;;
*)
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
        policy_is_ours=yes
        $as_root chmod 755 "$policy"
    fi
    ;;
esac

apt()
{
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
        -o Dpkg::Options::=--force-confold "$@" >>"$log" 2>&1 </dev/null
}

# One line that says how far it is, where somebody looks; else nothing until the end.
watch_progress()
{
    while sleep 1; do
        step=$(grep -E '^(Get:|Unpacking|Setting up)' "$log" | tail -n 1 | cut -c 1-70) || true
        printf '\r\033[K    %s' "$step" >&2
    done
}

echo "installing $(echo $missing | wc -w) packages ($name: $(echo $groups))" >&2
if [ -t 2 ]; then
    watch_progress &
    watcher=$!
fi
started=$(date +%s)
apt update || true # an old list of packages may do; the installation says if not
status=0
apt install --no-install-recommends $missing || status=$?
if [ -n "$watcher" ]; then
    kill "$watcher" 2>/dev/null || true
    wait "$watcher" 2>/dev/null || true
    watcher=
    printf '\r\033[K' >&2
fi
if [ "$status" != 0 ]; then
    grep -E '^(E|W|Err):?' "$log" | head -n 20 >&2 || true
    die "apt-get could not install:$missing"
fi
echo "installed in $(($(date +%s) - started)) s" >&2
