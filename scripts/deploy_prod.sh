#!/usr/bin/env bash
# Bring a new version into production, or the first one: checks, images, migration, rolling restart, smoke test; where one of
# them fails, what ran before runs again.
#   scripts/deploy_prod.sh              build the images here and deploy them
#   scripts/deploy_prod.sh --pull       take them from NEWSDESK_REGISTRY
#   scripts/deploy_prod.sh --as-is      deploy images that are here already
# Environment: NEWSDESK_TAG (default: the commit), API_REPLICAS (default 2), SERVICES (default: all of compose.prod.yaml).
set -euo pipefail
cd "$(dirname "$0")/.."

mode=${1:---build}
export NEWSDESK_TAG=${NEWSDESK_TAG:-$(git rev-parse --short HEAD)} API_REPLICAS=${API_REPLICAS:-2}
export NEWSDESK_REVISION=${NEWSDESK_REVISION:-$(git rev-parse HEAD 2> /dev/null || echo unknown)}
secrets=${NEWSDESK_SECRETS:-secrets}

if docker compose version > /dev/null 2>&1; then engine=(docker compose); else engine=(docker-compose); fi
compose=("${engine[@]}" -f compose.prod.yaml -f compose.scale.yaml)
read -ra services <<< "${SERVICES:-}"
needed=("${services[@]}")
[ ${#needed[@]} -eq 0 ] || needed+=(maintenance train)

say() { printf '%s %s\n' "$(date -u +%H:%M:%S)" "$*"; }
fail() { echo "$*" >&2; exit 1; }

check() {
    say "Checking"
    docker info > /dev/null || fail "No container engine answers. Start it, or set DOCKER_HOST."
    local name
    while read -r name; do
        [ -e "$secrets/$name" ] || fail "$secrets/$name is missing. Make it: scripts/setup_env.sh --production; tls_certificate and tls_key are yours."
    done < <("${compose[@]}" config --format json | python3 -c 'import json, sys; print("\n".join(json.load(sys.stdin)["secrets"]))')
    [ "$(stat -c %a "$secrets")" = 700 ] || fail "Others can look into $secrets. Close it: chmod 700 $secrets"
    openssl x509 -noout -checkend 86400 -in "$secrets/tls_certificate" > /dev/null || fail "The certificate in $secrets/tls_certificate ends within a day. Renew it."
    [ "$(openssl x509 -noout -pubkey -in "$secrets/tls_certificate")" = "$(openssl pkey -pubout -in "$secrets/tls_key")" ] ||
        fail "$secrets/tls_key does not belong to $secrets/tls_certificate."
    openssl x509 -noout -checkend 86400 -in "$secrets/database_certificate" > /dev/null || fail "The database's certificate ends within a day. Renew it: scripts/setup_env.sh --renew-database-certificate"
    openssl verify -CAfile "$secrets/database_ca" "$secrets/database_certificate" > /dev/null 2>&1 || fail "$secrets/database_ca did not sign $secrets/database_certificate."
    [ "$(openssl x509 -noout -pubkey -in "$secrets/database_certificate")" = "$(openssl pkey -pubout -in "$secrets/database_key")" ] ||
        fail "$secrets/database_key does not belong to $secrets/database_certificate."
    [ "$(df --output=avail -k . | tail -1)" -gt 5000000 ] || fail "Less than 5 GB are free here. Make room: docker image prune"
}

images() {
    case $mode in
        --build) say "Building" && "${compose[@]}" --profile '*' build --quiet ;;
        --pull) say "Pulling" && "${compose[@]}" --profile '*' pull --quiet --policy missing "${needed[@]}" ;;
        --as-is) ;;
        *) sed -n '4,6s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
    esac
}

# Keys of the API for what runs here itself, made once: Prometheus looks at figures, and smoke tests ask for predictions.
key() {  # SECRET SCOPE
    [ ! -s "$secrets/$1" ] || return 0
    say "Making $1"
    local key
    key=$(maintenance keys create "$1-$(date +%s)" --scope "$2" --json |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["key"], end="")') || return 1
    printf '%s' "$key" > "$secrets/.new" && chmod 644 "$secrets/.new" && mv "$secrets/.new" "$secrets/$1"
}

maintenance() {
    "${compose[@]}" run --rm --no-deps -T maintenance "$@"
}

# With the new images, and before anything that runs is touched.
examine() {
    say "Asking newsdesk doctor"
    maintenance doctor --only configuration --only versions --only permissions --only secrets --only certificate --only disk \
        --only memory --only processors
}

# Steps are joined by && here, for errors do not end a function whose success is asked for.
bring_up() {
    say "Starting $NEWSDESK_TAG: databases, migration, then the rest, each when what it needs is healthy"
    "${compose[@]}" up -d --wait --wait-timeout 300 --no-build postgres redis &&
        "${compose[@]}" run --rm -T migrate &&
        maintenance doctor --only database &&
        key prometheus_api_key monitor &&
        key newsdesk_api_key predict &&
        roll_api &&
        "${compose[@]}" up -d --wait --wait-timeout 600 --no-build --remove-orphans "${services[@]}"
}

# New replicas come up beside the old ones, nginx finds them, then the old ones end.
roll_api() {
    local old new
    old=$("${compose[@]}" ps -q api)
    [ -n "$old" ] || return 0
    say "Replacing the API's replicas"
    new=$((API_REPLICAS + $(wc -w <<< "$old")))
    "${compose[@]}" up -d --wait --wait-timeout 300 --no-build --no-deps --no-recreate --scale "api=$new" api || return 1
    sleep 5  # nginx looks every two seconds
    end "$old"
}

end() {  # CONTAINERS: open requests get their time
    # shellcheck disable=SC2086 # a word each
    [ -z "$1" ] || { docker stop --time 40 $1 > /dev/null && docker rm $1 > /dev/null; }
}

smoke_test() {
    say "Testing"
    local address=https://127.0.0.1:${HTTPS_PORT:-443} status
    # Without a model the API is up and says so (503): before the first training that is right.
    status=$(python3 - "$address/health" << 'PY'
import ssl, sys, urllib.error, urllib.request
context = ssl._create_unverified_context()  # the certificate is for the public name, not for 127.0.0.1
try:
    print(urllib.request.urlopen(sys.argv[1], context=context, timeout=20).status)
except urllib.error.HTTPError as error:
    print(error.code)
except OSError as error:
    print(error)
PY
    )
    case $status in
        200) say "The API answers" && maintenance smoke-test ;;
        503) say "The API answers, and has no model yet: train one" ;;
        *) say "The API does not answer as it should: $status" && return 1 ;;
    esac
}

replicas() {  # a line each: container, image, health
    "${compose[@]}" ps --all --format '{{.ID}} {{.Image}} {{.Health}}' api
}

# The tag that runs now; nothing where none does.
running_tag() {
    replicas | awk '$3 == "healthy" { sub(/.*:/, "", $2); print $2; exit }'
}

roll_back() {
    [ -n "$before" ] || fail "It failed, and nothing ran before to go back to. Look at: ${compose[*]} logs"
    say "It failed: going back to $before"
    NEWSDESK_TAG=$before
    end "$(replicas | awk '$3 != "healthy" { print $1 }')"
    local image=${NEWSDESK_REGISTRY:-}newsdesk:$before
    if replicas | grep -qF " $image "; then
        end "$(replicas | awk -v image="$image" '$2 != image { print $1 }')"
    else
        roll_api || true  # what follows starts them in any case
    fi
    if "${compose[@]}" up -d --wait --wait-timeout 600 --no-build "${services[@]}" && smoke_test; then
        fail "$before runs again. Look at why the new version did not: ${compose[*]} logs"
    fi
    fail "$before does not run as it did either. Look at: ${compose[*]} ps, ${compose[*]} logs"
}

# Commands by hand take what is called latest: from now on that is what runs.
call_it_latest() {
    local image
    for image in newsdesk newsdesk-train newsdesk-mlflow newsdesk-airflow; do
        docker tag "${NEWSDESK_REGISTRY:-}$image:$NEWSDESK_TAG" "${NEWSDESK_REGISTRY:-}$image:latest"
    done
}

check
before=$(running_tag)
images
examine
if bring_up && smoke_test; then
    call_it_latest
    say "$NEWSDESK_TAG is in production"
else
    roll_back
fi
