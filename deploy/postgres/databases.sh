#!/bin/sh
# Run by the official PostgreSQL image at its first start: databases for MLflow and for Newsdesk, each with an owner of its
# own, who may not look into the others. POSTGRES_USER and POSTGRES_DB are Airflow's.
set -eu

# NAME PASSWORD_VARIABLE: the password is in the variable, or in the file that VARIABLE_FILE names.
database() {
    eval "password=\${$2:-} file=\${$2_FILE:-}"
    [ -z "$file" ] || password=$(cat "$file")
    [ -n "$password" ] || { echo "$2 is not set: the database user $1 needs a password." >&2; exit 1; }
    # By the environment and standard input: arguments can be read by every process of the machine.
    PASSWORD=$password psql --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres << SQL
\set password \`printf '%s' "\$PASSWORD"\`
CREATE ROLE $1 LOGIN PASSWORD :'password';
CREATE DATABASE $1 OWNER $1;
REVOKE CONNECT ON DATABASE $1 FROM PUBLIC;
SQL
}

database mlflow MLFLOW_DB_PASSWORD
database newsdesk NEWSDESK_DB_PASSWORD
echo "REVOKE CONNECT ON DATABASE \"$POSTGRES_DB\" FROM PUBLIC;" | psql --quiet --username "$POSTGRES_USER" --dbname postgres
