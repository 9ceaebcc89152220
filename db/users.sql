-- Who may do what in the database: three users with no more than they need, and the one thing that the API
-- may not do itself. Run by db/migrate.sh at every start, as root, with @api_password, @gen_password and
-- @backup_password set: so it says again, from nothing, what holds.

CREATE USER IF NOT EXISTS api, gen, backup, purger@localhost;

EXECUTE IMMEDIATE CONCAT('ALTER USER api IDENTIFIED BY ', QUOTE(@api_password));
EXECUTE IMMEDIATE CONCAT('ALTER USER gen IDENTIFIED BY ', QUOTE(@gen_password));
EXECUTE IMMEDIATE CONCAT('ALTER USER backup IDENTIFIED BY ', QUOTE(@backup_password));
ALTER USER purger@localhost ACCOUNT LOCK;

REVOKE ALL PRIVILEGES, GRANT OPTION FROM api, gen, backup, purger@localhost;

-- api: writes todos, and adds to the history, which it cannot read. A todo's row goes only by purge_todo(), lists
-- and tags keep theirs for their numbers. (INSERT ... ON DUPLICATE KEY UPDATE asks for UPDATE on every column that it
-- inserts, hence on whole tables.)
GRANT SELECT, UPDATE (revision, last_todo, last_list, last_tag, open, done, public_open, public_done) ON board TO api;
GRANT SELECT, INSERT, UPDATE ON list TO api;
GRANT SELECT, INSERT, UPDATE ON tag TO api;
GRANT SELECT, INSERT, UPDATE ON todo TO api;
GRANT SELECT, INSERT, UPDATE, DELETE ON todo_tag TO api;
GRANT SELECT, INSERT, UPDATE, DELETE ON bucket TO api;
GRANT INSERT ON `change` TO api;
GRANT SELECT, INSERT, UPDATE, DELETE ON receipt TO api;
GRANT SELECT, INSERT, UPDATE, DELETE ON writer TO api;
-- A credential comes and goes, and is never altered; the owner never goes.
GRANT SELECT, INSERT, DELETE ON credential TO api;
GRANT SELECT, INSERT, UPDATE ON owner TO api;

-- gen: reads what pages show, no receipts, and of the credentials only which reading keys hold until when.
GRANT SELECT ON board TO gen;
GRANT SELECT ON list TO gen;
GRANT SELECT ON tag TO gen;
GRANT SELECT ON todo TO gen;
GRANT SELECT ON todo_tag TO gen;
GRANT SELECT ON bucket TO gen;
GRANT SELECT ON `change` TO gen;
GRANT SELECT (reading_key, expires) ON credential TO gen;

-- backup: what mariadb-dump --single-transaction asks for, in this database alone. Hashes of credentials and of the
-- passphrase are in a dump too: what is restored lets the same people in.
GRANT SELECT, LOCK TABLES, SHOW VIEW, TRIGGER, EVENT ON * TO backup;

-- Takes a deleted todo away for good, and what people wrote and who they were out of its history; the
-- bare changes stay, since revisions have no gaps. Runs in its caller's transaction, with the rights of an
-- account that nobody can sign in to. It stands here and not in a migration because a dump has neither
-- accounts nor procedures: a restored board gets both from this file.
GRANT SELECT (id, state), DELETE ON todo TO purger@localhost;
GRANT SELECT (todo_id), DELETE ON todo_tag TO purger@localhost;
GRANT SELECT (todo_id), UPDATE (actor, detail) ON `change` TO purger@localhost;

DELIMITER //
CREATE OR REPLACE DEFINER = purger@localhost PROCEDURE purge_todo(IN todo BIGINT UNSIGNED)
  MODIFIES SQL DATA SQL SECURITY DEFINER
BEGIN
  IF NOT EXISTS (SELECT 1 FROM todo AS t WHERE t.id = todo AND t.state = 3 FOR UPDATE) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'only a deleted todo can be purged';
  END IF;
  DELETE FROM todo_tag WHERE todo_tag.todo_id = todo;
  DELETE FROM todo WHERE todo.id = todo;
  UPDATE `change` AS c SET c.actor = '', c.detail = NULL WHERE c.todo_id = todo;
END//
DELIMITER ;

GRANT EXECUTE ON PROCEDURE purge_todo TO api, purger@localhost;
