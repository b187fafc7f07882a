# shellcheck shell=bash
# Keys for personal data; to be sourced.
#
#   personal_keys FILE   writes a key file with one random key, readable by its owner alone

personal_keys() {
    (umask 077 && printf 'k1 %s\n' "$(head -c 32 /dev/urandom | base64 -w 0)" > "$1")
}
