#!/bin/sh
# Makes .venv: `sh setup.sh cli` for the program alone, `sh setup.sh dev` (the default) with all tools.
# Where something is missing, it says the one line that helps.
set -eu
cd "$(dirname "$0")"
extra="${1:-dev}"

say() { printf '%s\n' "$*" >&2; }

find_python() {
    for name in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.14 python; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return 0
        fi
    done
    return 1
}

python=$(find_python) || {
    say "Python 3.11 or newer is needed: sudo apt-get install python3.11 (or brew install python), or PYTHON=/path/to/python make setup"
    exit 1
}
"$python" -c 'import venv, ensurepip' 2>/dev/null || {
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    say "Python's venv module is missing: sudo apt-get install python$version-venv"
    exit 1
}
command -v git >/dev/null 2>&1 || {
    say "git is missing: sudo apt-get install git"
    exit 1
}

case "$extra" in
    cli) wanted='.[cli,server,client,migrate]' ;;
    dev) wanted='.[cli,server,client,sqlalchemy,migrate,dev]' ;;
    *) say "usage: sh setup.sh [cli|dev]"; exit 2 ;;
esac
if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    say "Making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
fi
say "Installing $wanted into .venv (the first time takes a minute)"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable "$wanted"
touch .venv/.cli ".venv/.$extra"
command -v make >/dev/null 2>&1 || say "make is missing: sudo apt-get install make"
