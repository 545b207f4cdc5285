#!/usr/bin/env bash
# Back up databases, models, articles, keys and configuration: see docs/backup.md.
set -euo pipefail

if [[ "${1:-}" == "-h" || "${1:-}" == "--help" ]]; then
    cat <<'HELP'
Usage: scripts/backup_data.sh [FOLDER]

Writes one archive into FOLDER (default: NEWSDESK_BACKUPS, else var/backups), checks it by reading all of it again, and
removes archives older than BACKUP_RETENTION_DAYS. For cron: 0 3 * * * /path/to/scripts/backup_data.sh
Settings come from the environment and from the project's .env. NEWSDESK_COMMAND names another newsdesk command.
HELP
    exit 0
fi

folder=${1:+$(realpath -m -- "$1")}
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
newsdesk=${NEWSDESK_COMMAND:-.venv/bin/newsdesk}
command -v "$newsdesk" >/dev/null || newsdesk=newsdesk

made=$("$newsdesk" backup --json ${folder:+--to "$folder"})
archive=$(sed -n 's/^  "archive": "\(.*\)",$/\1/p' <<<"$made")
"$newsdesk" backup --verify "$archive"
