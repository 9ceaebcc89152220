#!/usr/bin/env bash
# Brings the schema up to date, forward only, and says again who may do what (db/users.sql). Every file
# db/migrations/NNN-name.sql is applied once, in order, and recorded with its checksum: what has been applied
# may not change. MariaDB commits at every DDL statement, so a migration that fails half-way cannot be taken
# back; it is recorded as begun, and the board does not start on it.

. "$(dirname "$0")/common.sh"

# One at a time. The lock lives as long as its connection, which ends with this script.
coproc LOCK { sql --unbuffered; }
lock_in=${LOCK[1]} lock_out=${LOCK[0]}
echo "SELECT GET_LOCK('writ_migrate', 60);" >&"$lock_in" && read -r locked <&"$lock_out"
[[ ${locked:-} == 1 ]] || die "the database is being migrated by another, or did not give the lock for it."

database() {
    sql "$MYSQL_DATABASE" "$@"
}

begin() {
    sql -e "CREATE DATABASE IF NOT EXISTS $MYSQL_DATABASE
            CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin" &&
        database -e "CREATE TABLE IF NOT EXISTS schema_migration (
                       number   SMALLINT UNSIGNED NOT NULL PRIMARY KEY,
                       name     VARCHAR(100) NOT NULL,
                       checksum CHAR(64) NOT NULL,  -- SHA-256 of the file
                       begun    DATETIME NOT NULL,
                       finished DATETIME            -- NULL: it failed half-way
                     )" || die "the database $MYSQL_DATABASE could not be made."
}

begin
read -r finished unfinished < <(database -e 'SELECT COUNT(finished), COUNT(*) - COUNT(finished) FROM schema_migration')
if [[ $finished == 0 && $unfinished -gt 0 ]]; then
    # The very first one was interrupted: there is nothing yet that could be lost.
    sql -e "DROP DATABASE $MYSQL_DATABASE"
    begin
elif [[ $unfinished -gt 0 ]]; then
    die "the migration $(database -e 'SELECT name FROM schema_migration WHERE finished IS NULL') of the database" \
        "$MYSQL_DATABASE was begun and did not finish. Restore a backup from before it, and start again."
fi

last=0
for file in "$ROOT"/db/migrations/[0-9][0-9][0-9]-*.sql; do
    name=${file##*/} number=$((10#${name:0:3}))
    checksum=$(sha256sum <"$file") checksum=${checksum%% *}
    ((number == last + 1)) || die "db/migrations: $name does not follow number $last."
    last=$number
    stored=$(database -e "SELECT checksum FROM schema_migration WHERE number = $number") || die "cannot read schema_migration."
    [[ $stored != "$checksum" ]] || continue
    [[ ! $stored ]] || die "db/migrations/$name has changed since it was applied. Put it back, and write a new migration instead."
    database -e "INSERT INTO schema_migration (number, name, checksum, begun)
                 VALUES ($number, '$name', '$checksum', UTC_TIMESTAMP())" &&
        database <"$file" &&
        database -e "UPDATE schema_migration SET finished = UTC_TIMESTAMP() WHERE number = $number" ||
        die "the migration $name failed; the reason stands above."
done
newest=$(database -e 'SELECT COALESCE(MAX(number), 0) FROM schema_migration')
[[ $newest == "$last" ]] ||
    die "the database $MYSQL_DATABASE is at schema $newest, newer than this program, which knows $last. Use the newer program."

# A backup's schema needs no more: users are the board's.
[[ ${1:-} != --schema ]] || exit 0

# Secrets are made once, and each is for one user of the system to read.
secret() {
    local file=$STATE/secrets/$1
    if [[ ! -s $file ]]; then
        (umask 077 && od -An -v -tx1 -N32 /dev/urandom | tr -d ' \n' >"$file.new") && mv "$file.new" "$file" ||
            die "cannot write $file."
    fi
    ((EUID != 0)) || chown "$2:" "$file" || die "cannot give $file to the user $2."
}
secret api writ-api
secret gen writ-gen
secret backup root
secret secret_key writ-api

# In hexadecimal, since a password may hold any byte.
passwords=
for user in api gen backup; do
    passwords+="SET @${user}_password = CONVERT(0x$(tr -d '\n' <"$STATE/secrets/$user" | od -An -v -tx1 | tr -d ' \n') USING utf8mb4);"
done
{ printf '%s\n' "$passwords" && cat "$ROOT/db/users.sql"; } | database ||
    die "the users of the database could not be set up; the reason stands above."
