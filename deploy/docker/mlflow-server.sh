#!/bin/sh
# Start the MLflow server by what the environment says. A password in an address is never an argument, which other
# processes could read: MLflow takes MLFLOW_BACKEND_STORE_URI from its environment.
set -eu

# Secrets as files: NAME_FILE names the file that holds NAME.
for name in MLFLOW_BACKEND_STORE_URI MLFLOW_AUTH_ADMIN_PASSWORD MLFLOW_AUTH_DATABASE_URI MLFLOW_FLASK_SERVER_SECRET_KEY; do
    eval "file=\${${name}_FILE:-}"
    [ -z "$file" ] || export "$name=$(cat "$file")"
done

# The driver that is installed here is psycopg 3.
case ${MLFLOW_BACKEND_STORE_URI:?} in
    postgresql://*) export MLFLOW_BACKEND_STORE_URI="postgresql+psycopg://${MLFLOW_BACKEND_STORE_URI#postgresql://}" ;;
esac

# A login for everybody, where a password for the administrator is given.
if [ -n "${MLFLOW_AUTH_ADMIN_PASSWORD:-}" ]; then
    umask 077
    export MLFLOW_AUTH_CONFIG_PATH=/tmp/auth.ini
    cat > "$MLFLOW_AUTH_CONFIG_PATH" <<INI
[mlflow]
default_permission = READ
database_uri = ${MLFLOW_AUTH_DATABASE_URI:-$MLFLOW_BACKEND_STORE_URI}
admin_username = ${MLFLOW_AUTH_ADMIN_USERNAME:-newsdesk}
admin_password = $MLFLOW_AUTH_ADMIN_PASSWORD
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
INI
    set -- --app-name basic-auth "$@"
fi

exec mlflow server --host 0.0.0.0 --port 5001 --workers "${MLFLOW_WORKERS:-1}" \
    --serve-artifacts --artifacts-destination "${MLFLOW_ARTIFACT_ROOT:-/mlflow/artifacts}" \
    --expose-prometheus /tmp/metrics --allowed-hosts "${MLFLOW_ALLOWED_HOSTS:-mlflow:5001,localhost:*,127.0.0.1:*}" "$@"
