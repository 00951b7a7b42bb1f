#!/usr/bin/env bash
# Build the app from packaging/espalier.spec, for the system that this runs on, into build/dist; let it test itself and
# go a person's way in it; and look at the binaries of the Mac's wheels, wherever this runs.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:-.venv/bin/python}

say() { printf '%s\n' "$*" >&2; }

"$python" -c 'import PyInstaller, macholib' 2>/dev/null || {
    say "Installing what builds the app"
    "$python" -m pip install --quiet --disable-pip-version-check --constraint packaging/constraints.txt \
        --editable '.[package]' 2> >(grep -v '^WARNING' >&2)
}
export PYTHONPATH=core:desktop
mkdir -p build

say "The Mac's wheels"
"$python" packaging/check_mac.py

say "Building the app (one to four minutes)"
QT_QPA_PLATFORM=offscreen "$python" -m espalier_desktop.app_icon build/espalier.icns
"$python" -m PyInstaller --noconfirm --log-level ERROR --distpath build/dist --workpath build/work packaging/espalier.spec

app=build/dist/Espalier/Espalier
if [ "$(uname)" = Darwin ]; then app=build/dist/Espalier.app/Contents/MacOS/Espalier; fi
say "A person's way through $app"
"$python" packaging/journey.py "$app"
say "$(du -sh "build/dist/$(echo "${app#build/dist/}" | cut -d/ -f1)" | cut -f1) in build/dist. \`make bench\` says how quickly it starts."
