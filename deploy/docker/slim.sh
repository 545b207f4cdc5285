#!/bin/sh
# Take the package installers out of an image: they are of use to an intruder alone.
set -eu
for folder in /usr/lib/python3* /usr/local/lib/python3*; do
    [ -d "$folder" ] || continue
    find "$folder" -depth -type d \( -name pip -o -name 'pip-*' -o -name setuptools -o -name 'setuptools-*' \
        -o -name wheel -o -name 'wheel-*' -o -name ensurepip -o -name pkg_resources \) -exec rm -rf {} +
done
rm -rf /usr/share/python-wheels /etc/pip.conf
rm -f /usr/bin/pip* /usr/local/bin/pip*
