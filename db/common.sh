# shellcheck shell=bash
# What run.sh and the scripts in db/ and nginx/ share: the settings, and how to reach the database. To be
# sourced. The environment counts first, then .env in the root, then the defaults below.

set -uo pipefail

die() {
    printf 'writ: %s\n' "$*" >&2
    exit 1
}

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P) || die "cannot enter the folder of the scripts."

# Lines of NAME=value, comments and empty lines; a value may stand in quotes. Nothing in it is executed.
read_dotenv() {
    local line name value
    while IFS= read -r line || [[ $line ]]; do
        line=${line%$'\r'}
        [[ $line =~ ^[[:blank:]]*(#|$) ]] && continue
        [[ $line =~ ^[[:blank:]]*([A-Za-z_][A-Za-z0-9_]*)=(.*)$ ]] || die ".env has a line that is not NAME=value: $line"
        name=${BASH_REMATCH[1]} value=${BASH_REMATCH[2]}
        [[ $value =~ ^\"(.*)\"[[:blank:]]*$ || $value =~ ^\'(.*)\'[[:blank:]]*$ ]] && value=${BASH_REMATCH[1]}
        [[ -v $name ]] || export "$name=$value"
    done
}
[[ ! -f $ROOT/.env ]] || read_dotenv <"$ROOT/.env"

export ROOT
export PORT=${PORT:-8080} STATE=${STATE:-var} BUILD=${BUILD:-build}
export MYSQL_DATABASE=${MYSQL_DATABASE:-writ} WRIT_OPEN=${WRIT_OPEN:-1} APIS=${APIS:-1}

[[ $PORT =~ ^[1-9][0-9]{0,4}$ && $PORT -le 65535 ]] || die "PORT must be a number from 1 to 65535, and is '$PORT'."
[[ $MYSQL_DATABASE =~ ^[A-Za-z0-9_]{1,64}$ ]] ||
    die "MYSQL_DATABASE must be letters, digits and _, and is '$MYSQL_DATABASE'."
[[ $APIS =~ ^[1-9]$ ]] || die "APIS, how many API processes there are, must be a number from 1 to 9, and is '$APIS'."
[[ $BUILD == /* ]] || BUILD=$ROOT/$BUILD
[[ $STATE == /* ]] || STATE=$ROOT/$STATE

umask 022
mkdir -p "$STATE/run" "$STATE/log" "$STATE/site" || die "cannot create the folder STATE, $STATE."
# Without links, as the kernel names it: processes of ours are known by it.
STATE=$(cd "$STATE" && pwd -P)
export MYSQL_SOCKET=$STATE/run/db.sock WRIT_GEN_SOCKET=$STATE/run/gen.sock
export WRIT_SITE=$STATE/site WRIT_TEMPLATES=$ROOT/templates WRIT_ASSETS=$ROOT/site
# 107 bytes are all that a socket's path may have; the longest one here is /run/api2.sock.PID.
((85 >= $(LC_ALL=C && printf %s "${#STATE}"))) || die "the path of STATE may have 85 bytes, since sockets are in it, and is longer: $STATE."
# Locally the database is behind the socket, whatever the environment says of another one.
unset MYSQL_HOST MYSQL_PORT MYSQL_PASSWORD MYSQL_PASSWORD_FILE MYSQL_USER

# What the API processes are called, their sockets and pid files too: api, api2, api3.
API_NAMES=(api)
for ((n = 2; n <= APIS; n++)); do API_NAMES+=("api$n"); done

# as api|gen|backup COMMAND...: as that user of the database.
as() {
    MYSQL_USER=$1 MYSQL_PASSWORD_FILE=$STATE/secrets/$1 "${@:2}"
}

# The client, as whoever runs this: that user, and root, need no password on the socket.
sql() {
    mariadb --no-defaults --socket="$MYSQL_SOCKET" --user="$(id -un)" --default-character-set=utf8mb4 \
        --batch --skip-column-names "$@"
}

# wait_for_database PID: until it answers; false when mariadbd has ended. Recovery after a crash takes the
# time it takes, so there is no limit.
wait_for_database() {
    until sql -e 'DO 1' 2>/dev/null; do
        kill -0 "$1" 2>/dev/null || return 1
        sleep 0.1
    done
}

# ours PROGRAM: the processes of this board that run it, a number a line. Numbers in pid files may be another's by
# now; what runs PROGRAM and works for this STATE is ours.
ours() {
    local process exe
    for process in /proc/[1-9]*; do
        [[ $process/cwd -ef $STATE || $process/cwd -ef $STATE/db || $process/cwd -ef $ROOT ]] || continue
        exe=$(readlink "$process/exe") && exe=${exe% (deleted)} && [[ ${exe##*/} == "$1" ]] || continue
        [[ ! $process/cwd -ef $ROOT ]] || grep -qzxF "STATE=$STATE" "$process/environ" || continue
        printf '%s\n' "${process##*/}"
    done
}

# take_over PROGRAM SIGNAL: stops what a run of this board that was killed has left behind.
take_over() {
    local -a found
    mapfile -t found < <(ours "$1")
    ((${#found[@]} == 0)) || end_processes "$2" "${found[@]}"
}

# end_processes SIGNAL PID...: and SIGKILL after 20 seconds. Returns when all are gone. The signal is repeated, since
# a script that is about to become the program does not hear QUIT.
end_processes() {
    local ticks
    for ((ticks = 0; ticks < 400; ticks++)); do
        kill -0 "${@:2}" 2>/dev/null || return 0
        ((ticks % 10)) || kill -s "$1" "${@:2}" 2>/dev/null
        sleep 0.05
    done
    kill -s KILL "${@:2}" 2>/dev/null
    while kill -0 "${@:2}" 2>/dev/null; do sleep 0.05; done
}

port_taken() {
    (: <>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null
}
