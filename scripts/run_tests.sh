#!/usr/bin/env bash
# Run the tests. Without an argument: all that this machine has the servers for.
#   scripts/run_tests.sh [unit|integration|stack|engine|all|ci] [pytest's own arguments]
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-all}
[ $# -eq 0 ] || shift
make .venv/installed
case $what in
    unit | integration | stack) exec .venv/bin/pytest "tests/$what" "$@" ;;
    engine) NEWSDESK_REQUIRE_ENGINE=1 NEWSDESK_REQUIRE_SERVERS=1 exec .venv/bin/pytest -s tests/engine "$@" ;;
    all) exec .venv/bin/pytest -n 2 --dist loadfile --no-loadscope-reorder "$@" ;;
    ci) exec .ci/run ;;
    *)
        sed -n '2,3s/^# \{0,1\}//p' "$0" >&2
        exit 2
        ;;
esac
