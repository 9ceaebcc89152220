// What Writ is compared with, from Debian's packages: a Flask app with its own
// MariaDB (Writ's configuration) behind the same Nginx, that Nginx with a plain
// file, and Hugo.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { cpSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { eventually, freePort, request, root } from '../system/harness.mjs';
import { todo, writePages } from './corpus.mjs';
import { timed } from './measure.mjs';

const run = promisify(execFile);
const here = import.meta.dirname;
const user = userInfo().username;

// What is missing to run a peer, as a sentence; or nothing.
export async function missing(peer) {
  const needs = {
    flask: [['gunicorn', '--version'], ['/usr/bin/python3', '-c', 'import flask, sqlalchemy, MySQLdb']],
    hugo: [['hugo', 'version']],
  };
  for (const [program, ...args] of needs[peer]) {
    try {
      await run(program, args);
    } catch {
      return `${program} ${args.join(' ')} fails: is its Debian package to be had?`;
    }
  }
}

// The Flask app with 4 sync workers, and the Nginx before it, in an empty folder.
export async function startFlask(folder) {
  const port = await freePort();
  const socket = `${folder}/run/db.sock`;
  const children = [];

  function start(command, env = {}) {
    const log = openSync(`${folder}/${path.basename(command[0])}.log`, 'a');
    const child = spawn('setpriv', ['--pdeathsig', 'TERM', ...command], {
      cwd: folder, env: { ...process.env, ...env }, stdio: ['ignore', log, log],
    });
    child.ended = new Promise((resolve) => child.on('exit', resolve));
    children.unshift(child);
  }
  async function stop() {
    for (const child of children) {
      child.kill('SIGTERM');
      await child.ended;
    }
  }
  async function sql(query, ...database) {
    await run('mariadb', ['--no-defaults', `--socket=${socket}`, `--user=${user}`, `--execute=${query}`, ...database]);
  }

  try {
    start([`${root}/db/serve.sh`], { STATE: folder });
    await eventually(() => sql('CREATE DATABASE peer CHARACTER SET utf8mb4').then(() => true), "the peer's database", 60_000);
    const app = {
      PEER_USER: user, PEER_SOCKET: socket, PEER_DATABASE: 'peer', PYTHONPATH: `${here}/flask`, PYTHONDONTWRITEBYTECODE: '1',
    };
    await run('/usr/bin/python3', ['-m', 'flask', '--app', 'app', 'create'], { env: { ...process.env, ...app } });
    start(['gunicorn', '--workers', '4', '--bind', `unix:${folder}/flask.sock`, 'app:app'], app);
    startNginx(folder, port, start);
    await eventually(async () => (await request(port, 'GET', '/')).status === 200, 'the Flask app', 20_000);
  } catch (error) {
    await stop();
    throw error;
  }

  let todos = 0;
  return {
    port,
    stop,
    // Todos with the titles that Writ's have, until there are `count`.
    async fill(count) {
      await sql('DELETE FROM todo', 'peer');
      for (todos = 1; todos <= count; todos += 1000) {
        const rows = [];
        for (let n = todos; n < todos + 1000 && n <= count; n++)
          rows.push(`('${todo(n).title}', ${Number(todo(n).done)}, UTC_TIMESTAMP())`);
        await sql(`INSERT INTO todo (title, done, created) VALUES ${rows}`, 'peer');
      }
      const { text } = await request(port, 'GET', '/');
      assert.equal(text.match(/<li /g).length, count);
    },
    // A file of so many bytes; its path.
    plainFile(bytes) {
      mkdirSync(`${folder}/plain`, { recursive: true });
      writeFileSync(`${folder}/plain/file.html`, Buffer.alloc(bytes, 'a'));
      return '/plain/file.html';
    },
  };
}

function startNginx(folder, port, start) {
  const text = readFileSync(`${here}/nginx.conf.in`, 'utf8')
    .replace('@USER@', process.getuid() === 0 ? 'user root;' : '')
    .replace('@PORT@', port);
  writeFileSync(`${folder}/nginx.conf`, text);
  start(['nginx', '-p', folder, '-c', 'nginx.conf']);
}

// A Hugo site of `count` todos in an empty folder: how to build all of it into a new one.
export async function prepareHugo(folder, count) {
  cpSync(`${here}/hugo`, folder, { recursive: true });
  await writePages(`${folder}/content/todos`, count);
  return (pages) => timed(['hugo', '--quiet', '--source', folder, '--destination', pages, '--cacheDir', `${folder}/cache`]);
}
