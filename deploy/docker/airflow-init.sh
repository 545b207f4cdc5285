#!/bin/sh
# Bring Airflow's database up to date, and make the first users where they are not there. May run any number of times.
set -eu

airflow db migrate

# NAME ROLE PASSWORD_VARIABLE: the password comes from the variable or from the file that VARIABLE_FILE names, and goes in
# by standard input: arguments can be read by every process of the machine.
user() {
    eval "password=\${$3:-} file=\${$3_FILE:-}"
    [ -z "$file" ] || password=$(cat "$file")
    [ -n "$password" ] || { echo "$3 is not set: Airflow's user $1 needs a password." >&2; exit 1; }
    printf '%s\n%s\n' "$password" "$password" | PYTHONWARNINGS=ignore airflow users create \
        --username "$1" --role "$2" --firstname "$1" --lastname Newsdesk --email "$1@localhost"
}

user "${AIRFLOW_ADMIN_USER:?}" Admin AIRFLOW_ADMIN_PASSWORD
user "${AIRFLOW_API_USERNAME:?}" Viewer AIRFLOW_API_PASSWORD
