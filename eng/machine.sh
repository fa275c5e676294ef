# What this machine must have, and the build. Sourced by ./swarm, ./test and .ci/run; expects $root.
# Progress goes to standard error: standard output belongs to the command that the user asked for.

say() { printf 'swarm: %s\n' "$*" >&2; }

die() {
    say "$*"
    exit 1
}

# command:Debian package, one a line; python3/MODULE is one of Python's. The first group builds, the second runs a node, the third only the tests.
build_needs=(clang:clang)
node_needs=(crun:crun nft:nftables ip:iproute2 busybox:busybox-static mkfs.ext4:e2fsprogs)
test_needs=(docker-registry:docker-registry skopeo:skopeo socat:socat conntrack:conntrack ping:iputils-ping python3/docker:python3-docker)

# Debian's modules are those of Debian's python3, which need not be the first on the PATH.
is_there() {
    case $1 in
    python3/*) (cd / && { python3 -c "import ${1#*/}" || /usr/bin/python3 -c "import ${1#*/}"; }) ;;
    *) command -v "$1" || [ -x "/usr/sbin/$1" ] ;;
    esac >/dev/null 2>&1
}

missing_packages() {
    local need packages=()
    for need in "$@"; do
        is_there "${need%%:*}" || packages+=("${need#*:}")
    done
    printf '%s\n' "${packages[@]}"
}

# The busybox that goes into the lab's image runs in an empty root: a dynamically linked one cannot.
busybox_is_static() {
    command -v busybox >/dev/null 2>&1 && ! LC_ALL=C ldd "$(command -v busybox)" >/dev/null 2>&1
}

require_sdk() {
    if ! command -v dotnet >/dev/null 2>&1 || ! dotnet --list-sdks 2>/dev/null | grep -q '^10\.'; then
        die "the .NET SDK 10 is missing: install it (https://dot.net/10) so that 'dotnet --list-sdks' lists a 10.x"
    fi
}

# install_missing NEED...: installs what is absent when this is Debian and we are root, else says what to install.
install_missing() {
    local packages=() line
    while read -r line; do [ -n "$line" ] && packages+=("$line"); done < <(missing_packages "$@")
    [ -e /usr/include/zlib.h ] || packages+=(zlib1g-dev)
    busybox_is_static || [[ " ${packages[*]-} " == *" busybox-static "* ]] || packages+=(busybox-static)
    [ ${#packages[@]} -eq 0 ] && return 0
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
        die "this machine lacks: ${packages[*]}. Install them (Debian: sudo apt-get install ${packages[*]}) and run this again"
    fi
    say "installing ${packages[*]}"
    apt_get update
    apt_get install -y --no-install-recommends "${packages[@]}"
}

apt_get() {
    local log
    log=$(mktemp)
    if ! DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        die "apt-get $1 failed (its output is above)"
    fi
    rm -f "$log"
}

# The client alone: Debian's package would also start a daemon. Unpacked into artifacts/tools, nothing is installed.
require_docker_cli() {
    command -v docker >/dev/null 2>&1 && return 0
    local tools=$root/artifacts/tools
    if [ ! -x "$tools/usr/bin/docker" ]; then
        command -v apt-get >/dev/null 2>&1 || die "the end-to-end tests need the docker client on the PATH"
        say "fetching the docker client"
        local work
        work=$(mktemp -d)
        chmod 755 "$work"
        apt_get update
        (cd "$work" && apt-get -qq download docker.io >/dev/null 2>&1) || die "cannot fetch the docker client: install one and run this again"
        mkdir -p "$tools"
        dpkg-deb -x "$work"/docker.io_*.deb "$tools"
        rm -rf "$work"
    fi
    export PATH="$tools/usr/bin:$PATH"
}

# A client for Node.js, into artifacts/clients. Its test is skipped where npm or npm's registry is not.
fetch_dockerode() {
    local clients=$root/artifacts/clients version=5.0.1
    export DOCKERODE=$clients/dockerode-$version/node_modules/dockerode
    [ -d "$DOCKERODE" ] && return 0
    command -v npm >/dev/null 2>&1 || return 0
    say "fetching dockerode"
    local stage=$clients/.stage log=$root/artifacts/npm.log
    rm -rf "$stage"
    mkdir -p "$stage"
    if ! timeout 120 npm install --prefix "$stage" --ignore-scripts --no-audit --no-fund "dockerode@$version" >"$log" 2>&1; then
        say "npm did not fetch dockerode, its test is skipped (see $log)"
        return 0
    fi
    mv -T "$stage" "$clients/dockerode-$version"
}

# A name for the exact sources: the binary is built once per value.
source_stamp() {
    (
        cd "$root"
        find src chaos/Swarm.Chaos eng/BannedSymbols.txt Directory.*.props Directory.*.targets global.json \
            -name obj -prune -o -name bin -prune -o -type f -print0 |
            LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16
    )
}

# One compiler for all projects is twice as fast as one for each. What it would keep for the next build ends with end_compiler.
build_flags=(--nologo -p:UseSharedCompilation=true)

end_compiler() { dotnet build-server shutdown --vbcscompiler >/dev/null 2>&1 || true; }

# build_binary: sets $binary. Builds of different stamps live side by side, so a running lab keeps the file that it executes.
build_binary() {
    local kind=aot flags=(-c Release)
    if [ "${SWARM_JIT:-}" = 1 ]; then
        kind=jit
        flags=(-c Debug -p:PublishAot=false --self-contained false)
    fi
    local stamp folder
    stamp=$kind-$(source_stamp)
    folder=$root/artifacts/builds/$stamp
    binary=$folder/swarm
    [ -x "$binary" ] && return 0

    require_sdk
    install_missing "${build_needs[@]}" "${node_needs[@]}"
    mkdir -p "$root/artifacts/builds"
    exec 9>"$root/artifacts/builds/.lock"
    if ! flock -n 9; then
        say "waiting for another build to end"
        flock 9
    fi
    if [ ! -x "$binary" ]; then
        say "building ($kind; once per change; natively five to ten minutes on two cores)"
        local stage=$root/artifacts/builds/.stage started=$SECONDS
        rm -rf "$stage"
        if ! dotnet publish "$root/src/Swarm" "${flags[@]}" "${build_flags[@]}" -o "$stage" -v minimal \
            -p:CopyOutputSymbolsToPublishDirectory=false >&2 9>&-; then
            die "the build failed (its output is above)"
        fi
        # The program that runs beside every container; without it the daemon's own binary does its work, with more memory.
        if [ "$kind" = aot ] && ! dotnet publish "$root/src/Swarm.Shim" "${flags[@]}" "${build_flags[@]}" -o "$stage" -v minimal \
            -p:CopyOutputSymbolsToPublishDirectory=false >&2 9>&-; then
            die "the build of the shim failed (its output is above)"
        fi
        end_compiler
        # A build that is told to stop says that it succeeded.
        [ -x "$stage/swarm" ] || die "the build was broken off"
        mv "$stage" "$folder"
        say "built in $((SECONDS - started)) s"
    fi
    ln -sfn "builds/$stamp" "$root/artifacts/swarm.next"
    [ "$kind" = jit ] || mv -Tf "$root/artifacts/swarm.next" "$root/artifacts/swarm"
    rm -f "$root/artifacts/swarm.next"
    drop_old_builds
    exec 9>&-
}

drop_old_builds() {
    local old
    for old in $(cd "$root/artifacts/builds" && ls -1dt ./*-* 2>/dev/null | tail -n +5); do
        old=$root/artifacts/builds/${old#./}
        # A lab may still run it, and start its containers' shims from it.
        [ -z "$(find /proc -maxdepth 2 -name exe -lname "$old/*" -print -quit 2>/dev/null)" ] || continue
        rm -rf "$old"
    done
}
