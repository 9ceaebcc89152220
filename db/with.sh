#!/usr/bin/env bash
# db/with.sh [--service] api|gen|backup COMMAND...: runs a command that needs the database, as one of its users, whether
# the board of STATE runs or is stopped. When it is stopped, the database is started for the time, and holding
# the board's lock keeps it from being started meanwhile.
#
# The command runs as whoever says it, in his folder. With --service it runs as the board's own process does, which
# writes to the board's own files: as its user of the system, in STATE, where run/program has the programs.

. "$(dirname "$0")/common.sh"

how=()
if [[ $1 == --service ]]; then
    shift
    how=(service "$1")
fi
role=$1
shift

exec {lock}>>"$STATE/run/lock"
if flock -n "$lock"; then
    setsid setpriv --pdeathsig TERM "$ROOT/db/serve.sh" {lock}>&- </dev/null >>"$STATE/log/db.log" 2>&1 &
    db=$!
    trap 'end_processes TERM "$db"' EXIT
    wait_for_database "$db" || die "MariaDB did not start; the reason stands in $STATE/log/db.log."
    "$ROOT/db/migrate.sh" </dev/null || exit 1
else
    # What it makes must be what the running board makes.
    set -a
    [[ ! -f $STATE/run/env ]] || . "$STATE/run/env"
    set +a
fi
((${#how[@]} == 0)) || copy_programs
# Beside this script, which has an end to wait for.
(as "$role" "${how[@]}" "$@")
