#!/usr/bin/env bash
# Becomes the private MariaDB server of STATE: data in STATE/db, its socket STATE/run/db.sock, no network.
# The first time it makes the data folder, in which root, and the user who runs this, are let in by the socket.

. "$(dirname "$0")/common.sh"

cd "$STATE" || die "cannot enter $STATE."
take_over mariadbd TERM

# The only place for LOAD DATA and the like: a folder in which nothing can be.
mkdir -p run/tmp run/no-files && chmod 000 run/no-files

if [[ ! -d db ]]; then
    # Made beside its place and renamed, so that one that was interrupted is never taken for whole. The
    # installer cannot take a path with a blank, hence the relative one; two of them in one folder for temporary
    # files take each other's.
    rm -rf db.new
    TMPDIR=$STATE/run/tmp mariadb-install-db --no-defaults --datadir=./db.new --user="$(id -un)" --skip-test-db \
        --skip-name-resolve --auth-root-authentication-method=socket --auth-root-socket-user="$(id -un)" ||
        die "MariaDB could not make its data folder, $STATE/db.new."
    mv db.new db
fi

[[ $EUID -ne 0 ]] || set -- --user=root "$@"
exec mariadbd --defaults-file="$ROOT/db/mariadb.cnf" --datadir="$STATE/db" --socket="$MYSQL_SOCKET" \
    --pid-file="$STATE/run/mariadbd.pid" --tmpdir="$STATE/run/tmp" --secure-file-priv="$STATE/run/no-files" "$@"
