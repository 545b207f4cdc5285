#!/usr/bin/env bash
# Measure the images that are built, and write the table of docs/deployment.md anew.
set -euo pipefail
cd "$(dirname "$0")/.."

rows() {
    echo "| image | size | Python packages | Debian packages |"
    echo "|---|--:|--:|--:|"
    for image in newsdesk newsdesk-train newsdesk-mlflow newsdesk-airflow; do
        size=$(docker image inspect --format '{{.Size}}' "$image:${NEWSDESK_TAG:-latest}")
        # shellcheck disable=SC2016 # for the shell in the image
        parts=$(docker run --rm --network none --entrypoint sh "$image:${NEWSDESK_TAG:-latest}" -c '
            cat /usr/share/sbom/*.json | grep -c "\"purl\": \"pkg:pypi"; dpkg-query -f "." -W | wc -c')
        read -r python debian <<< "${parts//$'\n'/ }"
        echo "| \`$image\` | $((size / 1000000)) MB | $python | $debian |"
    done
}

table=$(rows)
page=docs/deployment.md
awk -v table="$table" '
    /^<!-- written by scripts\/measure_images.sh -->/ { print; print table; old = 1; next }
    old && /^\|/ { next }
    { old = 0; print }
' "$page" > "$page.new"
mv "$page.new" "$page"
