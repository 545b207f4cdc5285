#!/bin/sh
# Start nginx for the site that NEWSDESK_SITE names, and let it notice replicas of the API that come and go: nginx itself
# looks a name up when it reads its configuration, and never again.
set -eu
cp "/etc/nginx/newsdesk/$NEWSDESK_SITE.conf" /tmp/site.conf

replicas() {
    getent ahostsv4 api | cut -d ' ' -f 1 | sort -u
}

# A reload closes connections that wait for their next request: it is worth that for a new replica only. One that is gone
# is left alone by nginx after the first try.
follow_replicas() {
    known=$(replicas)
    while sleep 2; do
        now=$(replicas) || continue  # none is up: keep the last ones
        printf '%s\n' "$now" | grep -qvxF "$known" || continue
        nginx -c /etc/nginx/newsdesk/nginx.conf -s reload && known=$now
    done
}

follow_replicas &
exec nginx -c /etc/nginx/newsdesk/nginx.conf
