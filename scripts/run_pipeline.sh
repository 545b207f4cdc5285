#!/usr/bin/env bash
# From tables in the inbox to the best model in charge, step by step: what a scheduler would do. May be killed and run
# again; where nothing is new, nothing is done again.
set -euo pipefail

if [[ "${1:-}" == "-h" || "${1:-}" == "--help" ]]; then
    echo "Usage: run_pipeline.sh [OPTIONS OF newsdesk plan]"
    echo "Ingests, prepares, plans, trains, evaluates, promotes; NEWSDESK_API_URL is asked in the end, if it is set."
    echo "Example: run_pipeline.sh --candidates logistic_regression,naive_bayes"
    exit 0
fi

newsdesk=${NEWSDESK_COMMAND:-newsdesk}

field() { # what stands under a name in the JSON object on standard input; a list, one a line
    python3 -c 'import json, sys
value = json.load(sys.stdin)[sys.argv[1]]
print("\n".join(value) if isinstance(value, list) else value)' "$1"
}

$newsdesk ingest
$newsdesk prepare
planned=$($newsdesk plan "$@" --json)
if [[ $(field needed <<<"$planned") == False ]]; then
    field reason <<<"$planned"
    exit 0
fi
plan=$(field plan <<<"$planned")
while read -r candidate; do
    $newsdesk train --plan "$plan" --candidate "$candidate"
done < <(field candidates <<<"$planned")
$newsdesk evaluate --plan "$plan"
$newsdesk promote --plan "$plan"
if [[ -n "${NEWSDESK_API_URL:-}" ]]; then
    $newsdesk smoke-test
fi
