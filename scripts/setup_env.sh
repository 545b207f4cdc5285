#!/usr/bin/env bash
# Prepare a checkout.
#   scripts/setup_env.sh                 .venv with everything that development needs, and .env with secrets of its own
#   scripts/setup_env.sh --no-venv       .env alone
#   scripts/setup_env.sh --production    a folder of secrets for compose.prod.yaml, each random, none ever overwritten; and
#                                        the certificate of the database, by a certificate authority of its own
#   scripts/setup_env.sh --renew-database-certificate    another certificate for the same key: docs/deployment.md
# May be run again: what is there stays.
set -euo pipefail
cd "$(dirname "$0")/.."

random() {  # BYTES: in an alphabet that is safe in addresses
    head -c "$1" /dev/urandom | base64 -w 0 | tr '+/' '-_'
}

development_env() {
    if [ -e .env ]; then
        echo ".env is there already: it stays as it is."
        return
    fi
    umask 077
    # By the shell itself: the arguments of a program can be read by everybody.
    while IFS= read -r line; do
        name=${line%%=*} value=${line#*=}
        case $name in
            AIRFLOW__CORE__FERNET_KEY) line="$name=$(random 32)${value#"${value%% *}"}" ;;
            AIRFLOW__WEBSERVER__SECRET_KEY | API_SECRET_KEY) line="$name=$(random 48)${value#"${value%% *}"}" ;;
            AIRFLOW__API_AUTH__JWT_SECRET) line="$name=$(random 66)${value#"${value%% *}"}" ;;
        esac
        printf '%s\n' "$line"
    done < .env.example > .env.new
    mv .env.new .env
    echo "Wrote .env, a copy of .env.example with secrets of its own."
}

secret() {  # NAME VALUE
    [ -e "$folder/$1" ] || { printf '%s' "$2" > "$folder/.new" && chmod 644 "$folder/.new" && mv "$folder/.new" "$folder/$1"; }
}

database_url() {  # DATABASE SECRET [SCHEME]: of the database whose owner has its name
    printf '%s' "${3:-postgresql}://$1:$(< "$folder/$2")@postgres:5432/$1"
}

# The authority that clients of the database trust. Its own key is mounted nowhere and needed only to sign: it lies apart, and
# may be kept on another machine.
certificate_authority() {
    if [ ! -e "$folder/database_ca" ] && [ ! -e "$authority/key" ]; then
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -keyout "$draft/key" \
            -out "$draft/certificate" -config /dev/stdin 2> /dev/null << CONFIG
[req]
prompt = no
distinguished_name = name
x509_extensions = extensions
[name]
CN = Newsdesk database authority
[extensions]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
CONFIG
        mkdir -p "$authority" && chmod 700 "$authority"
        mv "$draft/certificate" "$authority/certificate"
        mv "$draft/key" "$authority/key"  # last: with it the authority is whole
    fi
    [ -e "$folder/database_ca" ] || secret database_ca "$(< "$authority/certificate")"
}

signed_certificate() {  # of database_key, by the authority, into the draft folder
    [ -e "$authority/key" ] || { echo "$authority/key is missing. Bring the key of the authority back, and run this again." >&2; exit 1; }
    local hosts=${DATABASE_HOSTS:-} name names="" serial
    serial=$(openssl rand -hex 16)
    for name in postgres localhost 127.0.0.1 ${hosts//,/ }; do
        if [[ $name =~ ^[0-9.]+$|: ]]; then names+=",IP:$name"; else names+=",DNS:$name"; fi
    done
    openssl req -new -key "$folder/database_key" -subj "/CN=Newsdesk database" -config <(printf '[req]\ndistinguished_name=name\n[name]\n') \
        -out "$draft/request"
    openssl x509 -req -in "$draft/request" -CA "$authority/certificate" -CAkey "$authority/key" -set_serial "0x$serial" \
        -days "${DATABASE_CERTIFICATE_DAYS:-825}" -out "$draft/certificate" -extfile /dev/stdin 2> /dev/null << EXTENSIONS
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = ${names#,}
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
EXTENSIONS
}

database_certificate() {
    certificate_authority
    [ -e "$folder/database_key" ] || secret database_key "$(openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1)"
    if [ ! -e "$folder/database_certificate" ]; then
        signed_certificate
        secret database_certificate "$(< "$draft/certificate")"
    fi
}

renewed_database_certificate() {
    [ -e "$folder/database_key" ] || { echo "$folder/database_key is missing. Make it: scripts/setup_env.sh --production" >&2; exit 1; }
    signed_certificate
    # Written into the same file: that is what a container sees of it.
    chmod 644 "$folder/database_certificate"
    cat "$draft/certificate" > "$folder/database_certificate"
    echo "Renewed $folder/database_certificate. Let PostgreSQL take it:"
    echo "docker compose -f compose.prod.yaml exec postgres sh /etc/newsdesk-postgres/start.sh reload"
}

secrets_folder() {
    umask 077
    folder=${NEWSDESK_SECRETS:-secrets}
    authority=${NEWSDESK_CA:-${folder%/}-ca}
    # The folder keeps other users of this machine out; the files are readable so that each container's user can read its own.
    mkdir -p "$folder" && chmod 700 "$folder"
    draft=$(mktemp -d "${folder%/}-draft.XXXXXX")
    trap 'rm -rf "$draft"' EXIT
}

production_secrets() {
    secrets_folder
    for name in postgres_password mlflow_db_password newsdesk_db_password redis_password mlflow_tracking_password \
        airflow_admin_password airflow_api_password grafana_admin_password; do
        secret "$name" "$(random 24)"
    done
    for name in api_secret_key airflow_secret_key mlflow_secret_key; do
        secret "$name" "$(random 48)"
    done
    secret airflow_jwt_secret "$(random 66)"
    secret airflow_fernet_key "$(random 32)"
    secret newsdesk_database_url "$(database_url newsdesk newsdesk_db_password)"
    secret mlflow_backend_store_uri "$(database_url mlflow mlflow_db_password)"
    secret airflow_database_url "$(database_url airflow postgres_password postgresql+psycopg2)"
    secret backup_databases "$(database_url mlflow mlflow_db_password),$(database_url airflow postgres_password)"
    secret backup_passphrase "$(random 24)"
    secret redis_url "redis://:$(< "$folder/redis_password")@redis:6379/0"
    database_certificate
    for name in prometheus_api_key newsdesk_api_key; do
        secret "$name" ""  # deploy_prod.sh makes them with `newsdesk keys create`
    done
    for name in slack_webhook_url smtp_password pager_token dead_man_switch_token; do
        secret "$name" ""  # yours to fill: docs/alerts.md
    done
    # As earlier versions made them: their owner could put no other value into them.
    find "$folder" -maxdepth 1 -type f -perm 444 -exec chmod 644 {} +
    echo "Secrets are in $folder/. Two are yours to put there: tls_certificate and tls_key (PEM)."
    echo "Keep a copy of $folder/backup_passphrase elsewhere: without it no backup can be read."
    echo "$authority/ signs certificates of the database. Keep it where nobody else gets at it, best not on this machine."
}

case ${1:-} in
    --production) production_secrets ;;
    --renew-database-certificate) secrets_folder && renewed_database_certificate ;;
    --no-venv) development_env ;;
    "")
        make .venv/installed
        development_env
        ;;
    *)
        sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
        exit 2
        ;;
esac
