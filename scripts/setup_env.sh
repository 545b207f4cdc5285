#!/usr/bin/env bash
# Prepare a checkout.
#   scripts/setup_env.sh                 .venv with everything that development needs, and .env with secrets of its own
#   scripts/setup_env.sh --no-venv       .env alone
#   scripts/setup_env.sh --production    a folder of secrets for compose.prod.yaml, each random, none ever overwritten
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
    [ -e "$folder/$1" ] || { printf '%s' "$2" > "$folder/.new" && chmod 444 "$folder/.new" && mv "$folder/.new" "$folder/$1"; }
}

database_url() {  # DATABASE SECRET [SCHEME]: of the database whose owner has its name
    printf '%s' "${3:-postgresql}://$1:$(< "$folder/$2")@postgres:5432/$1"
}

production_secrets() {
    folder=${NEWSDESK_SECRETS:-secrets}
    # The folder keeps other users of this machine out; the files are readable so that each container's user can read its own.
    mkdir -p "$folder" && chmod 700 "$folder"
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
    for name in prometheus_api_key newsdesk_api_key; do
        secret "$name" ""  # deploy_prod.sh makes them with `newsdesk keys create`
    done
    for name in slack_webhook_url smtp_password pager_token dead_man_switch_token; do
        secret "$name" ""  # yours to fill: docs/alerts.md
    done
    echo "Secrets are in $folder/. Two are yours to put there: tls_certificate and tls_key (PEM)."
    echo "Keep a copy of $folder/backup_passphrase elsewhere: without it no backup can be read."
}

case ${1:-} in
    --production) production_secrets ;;
    --no-venv) development_env ;;
    "")
        make .venv/installed
        development_env
        ;;
    *)
        sed -n '2,6s/^# \{0,1\}//p' "$0" >&2
        exit 2
        ;;
esac
