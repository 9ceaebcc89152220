#!/usr/bin/env bash
# db/with.sh api|gen|backup COMMAND...: runs a command that needs the database, as one of its users, whether
# the board of STATE runs or is stopped. When it is stopped, the database is started for the time, and holding
# the board's lock keeps it from being started meanwhile.

. "$(dirname "$0")/common.sh"

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
as "$role" "$@"
