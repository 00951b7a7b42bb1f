#!/usr/bin/env bash
# Make the environment that every make target runs in: a virtual environment with the pinned dependencies.
# Names what the system lacks; on Debian as root it installs that as well.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${1:-.venv}

say() { printf '%s\n' "$*" >&2; }

debian_packages() {
    command -v dpkg-query >/dev/null || return 0
    local wanted="git python3-venv libopenblas0-pthread libglib2.0-0 libgl1 libegl1 libdbus-1-3 libfontconfig1 libxkbcommon0"
    local name
    for name in $wanted; do
        if [ "$name" = git ] && command -v git >/dev/null; then continue; fi
        # A Python of one's own (pyenv, uv) brings venv with it.
        if [ "$name" = python3-venv ] && python3 -c 'import ensurepip, venv' 2>/dev/null; then continue; fi
        dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || printf '%s ' "$name"
    done
}

if ! command -v python3 >/dev/null || ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    say "Espalier needs Python 3.11 or newer as python3. Install it (Mac: brew install python; Debian: apt-get install python3) and try again."
    exit 1
fi

missing=$(debian_packages)
if [ -n "$missing" ]; then
    line="apt-get install --yes --no-install-recommends $missing"
    if [ "$(id -u)" = 0 ]; then
        say "Installing what Debian lacks: $missing"
        apt-get update -qq
        # shellcheck disable=SC2086
        DEBIAN_FRONTEND=noninteractive apt-get install --yes -qq --no-install-recommends $missing >/dev/null
    else
        say "This system lacks: $missing"
        say "Run this and try again: sudo $line"
        exit 1
    fi
fi

say "Setting up $venv (about a minute)"
rm -rf "$venv"
python3 -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    --constraint packaging/constraints.txt --editable '.[dev]' 2> >(grep -v '^WARNING' >&2)
touch "$venv/ready"
