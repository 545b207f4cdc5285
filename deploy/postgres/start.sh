#!/bin/sh
# PostgreSQL in production: it speaks TLS, and nothing else by the network.
#   start.sh           start it, by the entrypoint of the official image
#   start.sh reload    take a certificate that was renewed; connections that are open stay as they are
set -eu
umask 077

# It refuses a key that does not belong to its own user, as a secret does not: it gets a copy, in memory.
lay_down() {
    mkdir -p /tmp/tls
    for name in database_certificate database_key; do
        cat "/run/secrets/$name" > "/tmp/tls/$name.new" && mv "/tmp/tls/$name.new" "/tmp/tls/$name"
    done
}

lay_down
if [ "${1:-}" = reload ]; then
    exec pg_ctl reload -D "${PGDATA:-/var/lib/postgresql/data}"
fi
exec docker-entrypoint.sh postgres "$@" -c ssl=on -c ssl_min_protocol_version=TLSv1.3 \
    -c ssl_cert_file=/tmp/tls/database_certificate -c ssl_key_file=/tmp/tls/database_key \
    -c hba_file=/etc/newsdesk-postgres/pg_hba.conf
