#!/bin/sh
# What the official image does at its first start, as far as the compose files ask for it.
set -eu
: "${PGDATA:=/var/lib/postgresql/data}" "${POSTGRES_USER:=postgres}"
export PGDATA
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    [ -z "${POSTGRES_PASSWORD_FILE:-}" ] || POSTGRES_PASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
    printf '%s' "${POSTGRES_PASSWORD:?}" > /tmp/password
    initdb --username "$POSTGRES_USER" --pwfile /tmp/password --encoding UTF8 --auth-host scram-sha-256 --auth-local trust
    rm /tmp/password
    echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
    pg_ctl --wait -o "-c listen_addresses=''" start
    export POSTGRES_USER POSTGRES_PASSWORD POSTGRES_DB="${POSTGRES_DB:-$POSTGRES_USER}"
    [ "$POSTGRES_DB" = postgres ] || createdb --username "$POSTGRES_USER" --maintenance-db postgres "$POSTGRES_DB"
    for script in /docker-entrypoint-initdb.d/*.sh; do
        [ ! -e "$script" ] || sh "$script"
    done
    pg_ctl --wait stop
fi
case ${1:--} in
    -*) set -- postgres "$@" ;;
esac
unset POSTGRES_PASSWORD
exec "$@" -c listen_addresses='*'
