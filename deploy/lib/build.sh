# shellcheck shell=bash
# Builds the package; to be sourced. The current folder is the package's.
#
#   swift_check                  69 with a sentence if there is no Swift that can build it
#   swift_build CONFIGURATION [ARGUMENT…]
#   swift_progress LOG           how far a build is that writes this log
#   swift_programs CONFIGURATION prints the folder of the built programs
#   release_commit [VERSION]     prints the commit of a release of deploy/releases (the last one), or VERSION if it is a
#                                commit itself; 1: neither
#
# The demo runs optimised programs; the tests run with all of the language's checks, and build faster so.

# What the build and the demo need of Debian.
# shellcheck disable=SC2034 # read by those who source this
BUILD_PACKAGES=(pkg-config librabbitmq-dev libsqlite3-dev libpq-dev python3 openssl)

swift_check() {
    local version
    if ! command -v swift > /dev/null; then
        echo "there is no swift on the PATH; install Swift 6.2 or later: https://www.swift.org/install/" >&2
        return 69
    fi
    version=$(swift --version 2> /dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
    if [[ $(printf '6.2\n%s\n' "$version" | sort -V | head -n 1) != 6.2 ]]; then
        echo "Swift $version is too old; install 6.2 or later: https://www.swift.org/install/" >&2
        return 69
    fi
}

swift_build() {
    local configuration=$1
    shift
    timeout --kill-after=10 "${RECOURSE_BUILD_SECONDS:-3600}" swift build --configuration "$configuration" "$@"
}

swift_progress() {
    local last
    last=$(tail -c 4000 "$1" | tr '\r' '\n' | grep -aoE '^\[[0-9]+/[0-9]+\]' | tail -n 1 | tr -d '[]')
    if [[ -n $last ]]; then
        printf 'built %s of %s files' "${last%/*}" "${last#*/}"
    else
        tail -n 1 "$1"
    fi
}

swift_programs() { swift build --configuration "$1" --show-bin-path; }

release_commit() {
    local found
    if [[ -z ${1-} ]]; then
        found=$(awk '!/^#/ { commit = $2 } END { print commit }' deploy/releases)
    else
        found=$(awk -v version="$1" '$1 == version { print $2 }' deploy/releases)
    fi
    git rev-parse --quiet --verify "${found:-$1}^{commit}"
}
