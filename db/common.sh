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
export MYSQL_DATABASE=${MYSQL_DATABASE:-writ} WRIT_OPEN=${WRIT_OPEN:-0} APIS=${APIS:-1}

[[ $PORT =~ ^[1-9][0-9]{0,4}$ && $PORT -le 65535 ]] || die "PORT must be a number from 1 to 65535, and is '$PORT'."
[[ $MYSQL_DATABASE =~ ^[A-Za-z0-9_]{1,64}$ ]] ||
    die "MYSQL_DATABASE must be letters, digits and _, and is '$MYSQL_DATABASE'."
[[ $WRIT_OPEN =~ ^[01]$ ]] ||
    die "WRIT_OPEN must be 1, for a board on which everyone may read and write, or 0, and is '$WRIT_OPEN'."
[[ $APIS =~ ^[1-9]$ ]] || die "APIS, how many API processes there are, must be a number from 1 to 9, and is '$APIS'."
[[ $BUILD == /* ]] || BUILD=$ROOT/$BUILD
[[ $STATE == /* ]] || STATE=$ROOT/$STATE

umask 022
mkdir -p "$STATE" || die "cannot create the folder STATE, $STATE."
# Without links, as the kernel names it: processes of ours are known by it.
STATE=$(cd "$STATE" && pwd -P)
# 107 bytes are all that a socket's path may have; the longest one here is /run/gen/gen.sock.
((85 >= $(LC_ALL=C && printf %s "${#STATE}"))) || die "the path of STATE may have 85 bytes, since sockets are in it, and is longer: $STATE."
export MYSQL_SOCKET=$STATE/run/db.sock WRIT_GEN_SOCKET=$STATE/run/gen/gen.sock
export WRIT_SITE=$STATE/site WRIT_TEMPLATES=$ROOT/templates WRIT_ASSETS=$ROOT/site
# Locally the database is behind the socket, and secrets are in STATE, whatever the environment says of others.
unset MYSQL_HOST MYSQL_PORT MYSQL_PASSWORD MYSQL_PASSWORD_FILE MYSQL_USER SECRET_KEY SECRET_KEY_FILE

# What the API processes are called, their sockets and pid files too: api, api2, api3.
API_NAMES=(api)
for ((n = 2; n <= APIS; n++)); do API_NAMES+=("api$n"); done

# ---- Who runs what
#
# Run by root, each process is a user of its own: writ-db, writ-api, writ-gen and writ-web (Nginx). It can write to
# folders of its own, and to nothing else; a secret is for one of them to read. Run by anybody else, all are that user.
#
# The folders above STATE, and above the checkout, may be closed to those users (/root is). So they start in STATE, are told
# relative paths, and run copies of the programs that lie in STATE/run/program.

# folder PATH MODE USER GROUP: makes it, and gives it to USER with all that is in it, which was root's before there were
# users. None of them can write to a folder that holds one of these: nothing can be put in its place.
folder() {
    local is
    is=$(stat -c '%U:%G %a' "$1" 2>/dev/null)
    [[ $is != "$3:$4 $2" ]] || return 0
    mkdir -p "$1" || die "cannot create the folder $1."
    ((EUID != 0)) || [[ ${is% *} == "$3:$4" ]] || chown -hR "$3:$4" "$1" || die "cannot give the folder $1 to the user $3."
    chmod "$2" "$1" || die "cannot set who may use the folder $1."
}

make_users() {
    local user
    for user in writ-db writ-api writ-gen writ-web; do
        useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$user" 2>/dev/null
    done
    # Some were there before, or another board's start was quicker.
    getent passwd writ-db writ-api writ-gen writ-web >/dev/null ||
        die "cannot create the system users writ-db, writ-api, writ-gen and writ-web, as which the board is to run."
}

make_folders() {
    if ((EUID == 0)); then
        getent passwd writ-db writ-api writ-gen writ-web >/dev/null || make_users
        chmod a+x "$STATE" || die "cannot open the folder STATE, $STATE, to the users of the board."
    fi
    folder "$STATE/run" 755 root root
    folder "$STATE/run/db" 755 writ-db writ-db
    folder "$STATE/run/tmp" 700 writ-db writ-db
    # Sockets get the group of their folder: who may connect.
    folder "$STATE/run/gen" 2750 writ-gen writ-api
    folder "$STATE/run/api" 2750 writ-api writ-web
    folder "$STATE/run/nginx" 755 root root
    folder "$STATE/run/nginx/tmp" 700 writ-web writ-web
    folder "$STATE/log" 750 root writ-web
    folder "$STATE/secrets" 711 root root
    folder "$STATE/site" 2750 writ-gen writ-web
    [[ ! -d $STATE/db ]] || folder "$STATE/db" 700 writ-db writ-db
    # Where people look for it.
    [[ -L $STATE/run/db.sock ]] || ln -sfn db/db.sock "$STATE/run/db.sock"
}
make_folders

# as api|gen|backup COMMAND...: as that user of the database.
as() {
    local -x MYSQL_USER=$1 MYSQL_PASSWORD_FILE=$STATE/secrets/$1
    [[ $1 != api ]] || local -x SECRET_KEY_FILE=$STATE/secrets/secret_key
    "${@:2}"
}

# service db|api|gen|web COMMAND...: becomes COMMAND, in STATE, as that user of the system. It ends with its parent.
service() {
    local name
    cd "$STATE" || die "cannot enter $STATE."
    export WRIT_TEMPLATES=run/program/templates WRIT_ASSETS=run/program/site
    for name in MYSQL_SOCKET MYSQL_PASSWORD_FILE SECRET_KEY_FILE WRIT_GEN_SOCKET WRIT_SITE WRIT_LISTEN; do
        [[ ! -v $name ]] || export "$name=${!name#"$STATE/"}"
    done
    ((EUID == 0)) || exec "${@:2}"
    local rights=(--reuid "writ-$1" --regid "writ-$1" --clear-groups --no-new-privs --pdeathsig TERM)
    # A port of the system's.
    [[ $1 != web ]] || ((PORT >= 1024)) || rights+=(--inh-caps +net_bind_service --ambient-caps +net_bind_service)
    exec setpriv "${rights[@]}" "${@:2}"
}

# What the processes run and read, from the checkout: all of it in place at once, if any of it has changed.
copy_programs() {
    local new old
    new=$(mktemp -d "$STATE/run/program.XXXXXX") &&
        cp -L "$BUILD/writ-api" "$BUILD/writ-gen" "$new" &&
        cp -RL "$ROOT/templates" "$ROOT/site" "$new" &&
        chmod -R u=rwX,go=rX "$new" || die "cannot copy the programs and templates to $STATE/run."
    old=$(readlink "$STATE/run/program")
    if [[ $old ]] && diff -rq "$new" "$STATE/run/$old" &>/dev/null; then
        rm -rf "$new"
    else
        ln -sn "${new##*/}" "$new.link" && mv -T "$new.link" "$STATE/run/program" ||
            die "cannot put the programs in their place, $STATE/run/program."
        [[ ! $old ]] || rm -rf "${STATE:?}/run/$old"
    fi
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
# now; what runs PROGRAM where ours start is ours.
ours() {
    local process exe
    for process in /proc/[1-9]*; do
        [[ $process/cwd -ef $STATE || $process/cwd -ef $STATE/db ]] || continue
        exe=$(readlink "$process/exe") && exe=${exe% (deleted)} && [[ ${exe##*/} == "$1" ]] || continue
        printf '%s\n' "${process##*/}"
    done
}

# take_over PROGRAM SIGNAL: stops what a run of this board that was killed has left behind.
take_over() {
    local found
    found=$(ours "$1") # not <(…), which nobody waits for: what this script becomes would have a dead child
    # shellcheck disable=SC2086 # numbers, one word each
    [[ ! $found ]] || end_processes "$2" $found
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
