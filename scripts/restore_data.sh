#!/usr/bin/env bash
# Put everything back from an archive: see docs/backup.md.
set -euo pipefail

if [[ $# -eq 0 || "$1" == "-h" || "$1" == "--help" ]]; then
    cat <<'HELP'
Usage: scripts/restore_data.sh ARCHIVE [--yes]

Checks every sum of ARCHIVE, then restores it. Stop the servers first. Where something is there already, nothing is done
without --yes. Settings come from the environment and from the project's .env. NEWSDESK_COMMAND names another newsdesk
command.
HELP
    if [[ $# -eq 0 ]]; then exit 2; fi
    exit 0
fi

archive=$(realpath -- "$1")
shift
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
newsdesk=${NEWSDESK_COMMAND:-.venv/bin/newsdesk}
command -v "$newsdesk" >/dev/null || newsdesk=newsdesk

"$newsdesk" restore "$archive" "$@"
exec "$newsdesk" doctor --only champion --only database --only registry
