#!/usr/bin/env bash
# db/restore.sh FILE: the board as it was in a backup (db/backup.sh), while it runs or when it is stopped.
#
# The backup is loaded into a database beside the board's, brought up to the present schema there, and then takes the
# place of all rows in one transaction, in the order that writers keep (the board's row first): a write comes wholly
# before it, and is gone, or wholly after it; who writes meanwhile waits. Nothing is changed until then, and nothing if
# this script is killed.
#
# What people and browsers know of the time that is gone must not come back as something else. So revisions, ids and
# the versions of what has changed since go on above the highest ever issued, as the running database, the
# backup and the published site know it. The restore is a revision of its own, for which the generator renders all pages.

. "$(dirname "$0")/common.sh"

file=${1:-}
[[ $# == 1 && $file ]] || die "say which backup: db/restore.sh FILE."
[[ -f $file ]] || die "there is no backup $file."
[[ $(gzip -dc "$file" 2>/dev/null | tail -n 1) == '-- Dump completed'* ]] || die "$file is not a whole backup; nothing has been changed."

board=$MYSQL_DATABASE beside=${MYSQL_DATABASE}_restore
((${#beside} <= 64)) || die "the name of the database is too long to have another beside it: $beside."

exec {only}>>"$STATE/run/restore.lock"
flock -n "$only" || die "another restore is running."
sql -e 'DO 1' 2>/dev/null || die "the database does not answer; db/with.sh gen db/restore.sh FILE starts it if the board is stopped."
trap 'sql -e "DROP DATABASE IF EXISTS $beside"' EXIT

sql -e "DROP DATABASE IF EXISTS $beside; CREATE DATABASE $beside CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin" &&
    gzip -dc "$file" | sql "$beside" || die "$file could not be loaded; nothing has been changed."
MYSQL_DATABASE=$beside "$ROOT/db/migrate.sh" --schema {only}>&- ||
    die "the backup could not be brought up to the present schema; nothing has been changed."

# The site may know of more than a database that was lost and made anew.
site=${PUBLISHED:-$STATE/site}/current/revision.json
published() {
    [[ -f $site ]] && sed -nE 's/.*"revision": ?([0-9]+).*/\1/p' "$site" || echo 0
}

tables=$(sql -e "SELECT table_name FROM information_schema.tables WHERE table_schema = '$beside'
                 AND table_type = 'BASE TABLE' AND table_name <> 'schema_migration'") || die "the tables cannot be read."
# Who may sign in stays as it is now: a token that was revoked since must not come back. A board that has nobody yet
# gets them from the backup.
members=$(sql -e "SELECT (SELECT COUNT(*) FROM $board.owner) + (SELECT COUNT(*) FROM $board.credential)") ||
    die "the running database cannot be read."

replace=
for table in $tables; do
    [[ $members == 0 || $table != owner && $table != credential ]] || continue
    replace+="DELETE FROM $board.\`$table\`; INSERT INTO $board.\`$table\` SELECT * FROM $beside.\`$table\`;"
done

revision=$(sql <<SQL
-- Locks, and sees, what is there now: whatever is committed before the first of them is.
SET SESSION tx_isolation = 'READ-COMMITTED', innodb_lock_wait_timeout = 60, foreign_key_checks = 0;
START TRANSACTION;
SELECT revision, last_todo, last_list, last_tag INTO @revision, @todo, @list, @tag FROM $board.board FOR UPDATE;
SELECT revision INTO @backup FROM $beside.board;
SET @known = GREATEST(@revision, @backup);
SET @top = CAST(GREATEST(@known, $(published)) AS UNSIGNED);

-- A revision gives out at most one id, and one version of one thing.
UPDATE $beside.board SET last_todo = GREATEST(last_todo, @todo) + (@top - @known), revision = @top + 1,
  last_list = GREATEST(last_list, @list), last_tag = GREATEST(last_tag, @tag);
UPDATE $beside.todo b LEFT JOIN $board.todo t ON t.id = b.id
  SET b.version = GREATEST(b.version + (@top - @backup), COALESCE(t.version, 0)) + 1
  WHERE @top > @backup AND (@top > @known OR t.id IS NULL OR t.revision <> b.revision);
UPDATE $beside.list b LEFT JOIN $board.list l ON l.id = b.id
  SET b.version = GREATEST(b.version + (@top - @backup), COALESCE(l.version, 0)) + 1
  WHERE @top > @backup AND (@top > @known OR l.id IS NULL OR l.revision <> b.revision);
INSERT INTO $beside.\`change\` (revision, at, actor, op, version, state_from, state_to, places)
  VALUES (@top + 1, UTC_TIMESTAMP(3), 'restore', 10, 0, 0, 0, '');
$replace
COMMIT;
SELECT @top + 1;
SQL
) || die "the restore failed, and nothing has been changed; the reason stands above."
echo "The rows are those of the backup; this restore is revision $revision."

# ---- The pages

mapfile -t generators < <(ours writ-gen)
if [[ ${#generators[@]} == 0 && ! ${PUBLISHED:-} ]]; then
    copy_programs
    (as gen service gen run/program/writ-gen once) || die "the rows are restored, and the pages are not: say 'make gen'."
    exit
fi
for ((waited = 0; $(published) < revision; waited++)); do
    ((waited % 300)) || echo "Waiting for the generator, which renders all pages; interrupting this takes nothing back."
    sleep 0.1
done
echo "The pages show it."
