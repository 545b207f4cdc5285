#!/bin/sh
# Build a Python environment that has no pip of its own. Used while images are built.
#   environment FOLDER LOCK_FILE     make it, with exactly what the lock file says, checked by hash
#   environment FOLDER --add WHEEL   add a wheel of ours, without looking for anything else
#   environment FOLDER --list NAME   write what is in it to /usr/share/sbom/NAME.cdx.json (CycloneDX)
set -eu
folder=$1 what=$2
case $what in
    --add)
        shift 2
        /opt/tools/bin/pip --python "$folder/bin/python" install --quiet --no-deps --no-index "$@"
        ;;
    --list)
        mkdir -p /usr/share/sbom
        PYTHONWARNINGS=ignore /opt/tools/bin/cyclonedx-py environment --output-reproducible --output-format JSON \
            --output-file "/usr/share/sbom/$3.cdx.json" "$folder/bin/python"
        ;;
    *)
        python3 -m venv --without-pip "$folder"
        # A lock for every platform and Python has packages that this one skips; only wheels, so that nothing is compiled.
        /opt/tools/bin/pip --python "$folder/bin/python" install --quiet --require-hashes --only-binary :all: -r "$what"
        ;;
esac
