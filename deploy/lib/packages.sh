# shellcheck shell=bash
# Installs Debian packages that are missing; to be sourced.
#
#   packages_install NAME…    does nothing, and needs no rights, if all are there
#
# Installing a server must not start one: what is tested and shown runs on servers of its own, on ports of its own.

packages_missing() {
    local name
    for name in "$@"; do
        [[ $(dpkg-query --show --showformat '${db:Status-Status}' "$name" 2> /dev/null) == installed ]] ||
            printf '%s\n' "$name"
    done
}

packages_install() {
    local missing status=0
    if ! command -v dpkg-query apt-get > /dev/null; then
        echo "this is not Debian or Ubuntu: install by hand what these packages hold: $*" >&2
        return 0
    fi
    mapfile -t missing < <(packages_missing "$@")
    [[ ${#missing[@]} -gt 0 ]] || return 0
    echo "installing ${missing[*]}"
    packages_without_services apt-get install --yes --no-install-recommends "${missing[@]}" || status=$?
    if [[ $status -ne 0 ]]; then
        # The lists may be old or absent, as in a fresh container.
        packages_as_root apt-get update && packages_without_services \
            apt-get install --yes --no-install-recommends "${missing[@]}" || {
            echo "apt-get could not install ${missing[*]}; its messages are above" >&2
            return 69
        }
    fi
}

packages_as_root() {
    if [[ $(id -u) -eq 0 ]]; then
        env DEBIAN_FRONTEND=noninteractive "$@"
    elif command -v sudo > /dev/null; then
        sudo env DEBIAN_FRONTEND=noninteractive "$@"
    else
        echo "not root, and there is no sudo: ask someone who may to run: $*" >&2
        return 69
    fi
}

# Debian asks /usr/sbin/policy-rc.d before a package starts its service; 101 means: do not. One that is already there is
# left alone: it is the administrator's own answer.
packages_without_services() {
    local policy=/usr/sbin/policy-rc.d status=0
    if [[ -e $policy ]]; then
        packages_as_root "$@"
        return
    fi
    # shellcheck disable=SC2016 # expanded by the inner shell
    packages_as_root sh -c '
        trap "rm -f $0" EXIT INT TERM
        printf "#!/bin/sh\nexit 101\n" > "$0" && chmod 755 "$0" && "$@"' "$policy" "$@" || status=$?
    return "$status"
}
