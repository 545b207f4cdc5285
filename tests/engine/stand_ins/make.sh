#!/bin/sh
# Make local stand-ins for the public images that compose files name, where no image registry can be reached: Debian's
# packages under the official tags. For tests alone. Needs root, debootstrap and a Docker engine (DOCKER_HOST).
# Usage: base.sh FOLDER        keeps the Debian base in FOLDER/base, so that it is made once
set -eu
here=$(cd "$(dirname "$0")" && pwd)
base=$1/base
# Where this machine has its own packages from. What stands in quotes is for apt-get to fill in.
# shellcheck disable=SC2016
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Release: bookworm' 'Created-By: Packages' | sort -u | head -n 1)

if [ ! -e "$base/made" ]; then
    rm -rf "$base"
    debootstrap --variant=minbase bookworm "$base" "$mirror"
    # shellcheck disable=SC2016
    apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' | sort -u \
        > "$base/etc/apt/sources.list"
    cp /etc/resolv.conf "$base/etc/resolv.conf"
    chroot "$base" sh -eu -c '
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq
        apt-get install -y -qq --no-install-recommends ca-certificates openssl python3 python3-pip python3-venv
        apt-get clean
        rm -rf /var/lib/apt/lists/*
    '
    touch "$base/made"
fi

# This machine's own certificate authorities and pip settings are what a build needs to reach its package index.
if [ -d /usr/local/share/ca-certificates ]; then
    cp -r /usr/local/share/ca-certificates "$base/usr/local/share/"
    chroot "$base" update-ca-certificates > /dev/null
fi
printf '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\ndisable-pip-version-check = true\n' > "$base/etc/pip.conf"

# Made once: another import would be another image, and everything would be built anew.
docker image inspect python:3.11-slim-bookworm > /dev/null 2>&1 ||
    tar -C "$base" -c . | docker import --change 'CMD ["python3"]' - python:3.11-slim-bookworm
docker build --network host --tag newsdesk-stand-ins --file "$here/servers.Dockerfile" "$here"

stand_in() {  # TAG USER ENTRYPOINT|CMD PROGRAM: what the official image under this tag starts, and as whom
    printf 'FROM newsdesk-stand-ins\nUSER %s\n%s ["%s"]\n' "$2" "$3" "$4" | docker build --quiet --tag "$1" - > /dev/null
}

grep -ho 'image: [a-z].*' "$here"/../../../deploy/compose/services.yaml | sort -u | while read -r _ tag _; do
    case $tag in
        *newsdesk* | grafana/*) ;;  # made from deploy/docker/, and not to be had
        postgres:*) stand_in "$tag" postgres ENTRYPOINT docker-entrypoint.sh ;;
        redis:*) stand_in "$tag" redis CMD redis-server ;;
        nginx:*) stand_in "$tag" root CMD nginx ;;
        prom/prometheus:*) stand_in "$tag" nobody ENTRYPOINT /bin/prometheus ;;
        prom/alertmanager:*) stand_in "$tag" nobody ENTRYPOINT /bin/alertmanager ;;
        prom/node-exporter:*) stand_in "$tag" nobody ENTRYPOINT /bin/node_exporter ;;
        prom/blackbox-exporter:*) stand_in "$tag" nobody ENTRYPOINT /bin/blackbox_exporter ;;
        *postgres-exporter:*) stand_in "$tag" nobody ENTRYPOINT /bin/postgres_exporter ;;
        nginx/*exporter:*) stand_in "$tag" nobody ENTRYPOINT /usr/bin/nginx-prometheus-exporter ;;
        *) echo "No stand-in is known for $tag: add it to $0" >&2; exit 1 ;;
    esac
done
