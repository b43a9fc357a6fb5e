#!/bin/sh
# BentoML as a child of the container's first process: a service that refuses to start can kill it, and the container's
# exit code tells. As the first process it could only be asked to end, and would say that all was well.
python -m bentoml serve /srv/bento "$@" &
child=$!
trap 'kill -TERM "$child"' TERM INT
wait "$child"
code=$?
while kill -0 "$child" 2>/dev/null; do # a signal cuts a wait short
    wait "$child"
    code=$?
done
exit "$code"
