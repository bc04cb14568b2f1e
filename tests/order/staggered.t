#!/bin/bash
# TAP: races are found although their threads do not meet, and ordered twins stay silent.
here=$(dirname "$0")
site=$HOME/.cache/ftstress/hand/tsan_site
export PYTHONPATH=${FTSTRESS_SITE:-$site}${PYTHONPATH:+:$PYTHONPATH}
exec python3 "$here/table.py" --tap
