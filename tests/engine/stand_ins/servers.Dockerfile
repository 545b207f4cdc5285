# Debian has one version of each package, and what these images are made of is this machine's own affair.
# hadolint global ignore=DL3008
FROM python:3.11-slim-bookworm
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        nginx-light postgresql prometheus prometheus-alertmanager prometheus-blackbox-exporter \
        prometheus-nginx-exporter prometheus-node-exporter prometheus-postgres-exporter redis-server wget \
    && rm -rf /var/lib/apt/lists/* /etc/prometheus/prometheus.yml \
    && ln -s prometheus-alertmanager /usr/bin/alertmanager \
    && ln -s prometheus-blackbox-exporter /usr/bin/blackbox_exporter \
    && ln -s prometheus-nginx-exporter /usr/bin/nginx-prometheus-exporter \
    && ln -s prometheus-node-exporter /usr/bin/node_exporter \
    && ln -s prometheus-postgres-exporter /usr/bin/postgres_exporter \
    && for program in /usr/lib/postgresql/*/bin/*; do ln -sf "$program" /usr/local/bin/; done \
    && mkdir -p /docker-entrypoint-initdb.d /prometheus /alertmanager /data /var/lib/postgresql/data \
    && chown postgres:postgres /var/lib/postgresql/data \
    && chown nobody:nogroup /prometheus /alertmanager && chown redis:redis /data
COPY docker-entrypoint.sh /usr/local/bin/
