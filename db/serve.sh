#!/usr/bin/env bash
# Becomes the private MariaDB server of STATE: data in STATE/db, its socket STATE/run/db.sock, no network.
# The first time it makes the data folder, in which root, and the user who runs this, are let in by the socket.

. "$(dirname "$0")/common.sh"

cd "$STATE" || die "cannot enter $STATE."
take_over mariadbd TERM

if [[ ! -d db ]]; then
    # Made beside its place and renamed, so that one that was interrupted is never taken for whole. The
    # installer cannot take a path with a blank, hence the relative one; two of them in one folder for temporary
    # files take each other's.
    rm -rf db.new
    TMPDIR=$STATE/run/tmp mariadb-install-db --no-defaults --datadir=./db.new --user="$(id -un)" --skip-test-db \
        --skip-name-resolve --auth-root-authentication-method=socket --auth-root-socket-user="$(id -un)" ||
        die "MariaDB could not make its data folder, $STATE/db.new."
    folder "$STATE/db.new" 700 writ-db writ-db
    mv db.new db
fi

install -m 644 "$ROOT/db/mariadb.cnf" run/mariadb.cnf || die "cannot copy db/mariadb.cnf to $STATE/run."

here=$STATE become=(service db)
if ((EUID == 0)) && ! setpriv --reuid writ-db --regid writ-db --clear-groups test -x "$STATE/db"; then
    # A folder above is closed to it, and MariaDB will not have its tables but by absolute paths. In a view of the
    # file system that is this process's own, STATE is at another place too.
    if [[ ${WRIT_OWN_VIEW:-} == "$$" ]]; then
        mount --bind "$STATE" /mnt || die "cannot show $STATE to MariaDB as /mnt."
        here=/mnt
    elif unshare --mount mount --bind "$STATE" /mnt 2>/dev/null; then
        WRIT_OWN_VIEW=$$ exec unshare --mount "$ROOT/db/serve.sh" "$@"
    else
        # A container whose root may mount nothing; run.sh says so.
        become=(exec) && set -- --user=root "$@"
    fi
fi

# Files for LOAD DATA and the like may be below a file: nowhere.
"${become[@]}" mariadbd --defaults-file="$here/run/mariadb.cnf" --datadir="$here/db" --socket="$here/run/db/db.sock" \
    --pid-file="$here/run/db/mariadbd.pid" --tmpdir="$here/run/tmp" --secure-file-priv=/dev/null "$@"
