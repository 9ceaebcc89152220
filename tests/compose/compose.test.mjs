/*
 * `docker compose up -d` gives the whole system: each row of what an operator was promised is a test here, in an order
 * in which one board serves them all. Called by tests/compose/run.
 */
import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, readFileSync, readdirSync, rmSync, writeFileSync, existsSync, mkdirSync, statSync } from 'node:fs';
import http2 from 'node:http2';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../system/harness.mjs';
import { board, faults, health, healthy, inside, inspect, load, page, ports, ran, request, services, sh, work } from './containers.mjs';

const open = process.env.WRIT_OPEN === '1';
const say = (text) => console.log(`| ${text}`);
const settings = (text) => writeFileSync(`${work}/.env`, `HTTP_PORT=${ports.http}\nHTTPS_PORT=${ports.https}\nTZ=Europe/Berlin\n${open ? 'WRIT_OPEN=1\n' : ''}${text}`);

before(async () => {
  await sh('make secrets');
  const noted = readFileSync(`${work}/.env`, 'utf8').split('\n').filter((line) => line.startsWith('BACKUP_USER=')).join('\n');
  settings(noted);
});

after(async () => {
  /* tests/compose/run removes what is left */
});

// ---- Before it runs

test('secrets: random files, 0444 in a folder of 0700; made once', async () => {
  assert.equal(statSync(`${work}/secrets`).mode & 0o777, 0o700);
  const names = readdirSync(`${work}/secrets`).filter((name) => name !== 'tls').sort();
  assert.deepEqual(names, ['mysql_password_api', 'mysql_password_backup', 'mysql_password_gen', 'mysql_root_password', 'secret_key']);
  const values = names.map((name) => readFileSync(`${work}/secrets/${name}`, 'utf8'));
  for (const [i, name] of names.entries()) {
    assert.equal(statSync(`${work}/secrets/${name}`).mode & 0o777, 0o444);
    assert.match(values[i], /^[0-9a-f]{64}$/);
  }
  assert.equal(new Set(values).size, names.length);
  await sh('make secrets');
  assert.deepEqual(names.map((name) => readFileSync(`${work}/secrets/${name}`, 'utf8')), values);
});

test('secrets: sealed with age, and unsealed', async () => {
  const before = readFileSync(`${work}/secrets/secret_key`, 'utf8');
  const [, key] = /public key: (\S+)/i.exec(await sh('age-keygen -o ../age-key.txt 2>&1 || age-keygen -o age-key.txt 2>&1'));
  const file = existsSync(`${work}/age-key.txt`) ? 'age-key.txt' : '../age-key.txt';
  await sh(`make secrets-seal TO=${key}`, { as: 'make secrets-seal TO=KEY' });
  assert.ok(!readFileSync(`${work}/secrets.age`).includes(before));
  rmSync(`${work}/secrets`, { recursive: true });
  await sh(`make secrets-unseal KEY=${file}`, { as: 'make secrets-unseal KEY=FILE' });
  assert.equal(readFileSync(`${work}/secrets/secret_key`, 'utf8'), before);
  assert.equal(statSync(`${work}/secrets`).mode & 0o777, 0o700);
  assert.equal(statSync(`${work}/secrets/secret_key`).mode & 0o777, 0o444);
  rmSync(`${work}/${file}`);
});

test('services: the images build; their sizes', { timeout: 900_000 }, async () => {
  await sh('docker compose build --pull', { timeout: 900_000 }).catch(() => sh('docker compose build', { timeout: 900_000 }));
  for (const service of services) {
    const bytes = Number(await sh(`docker image inspect --format '{{.Size}}' writ-${service}`));
    say(`image writ-${service}: ${Math.round(bytes / 1e6)} MB`);
    assert.ok(bytes < 400e6);
  }
});

test('services: only what runs is in an image, nothing setuid, no secret in it or its history', async () => {
  const secrets = readdirSync(`${work}/secrets`).filter((name) => name !== 'tls').map((name) => readFileSync(`${work}/secrets/${name}`, 'utf8'));
  for (const service of services) {
    const found = await sh(`docker run --rm --user 0 --entrypoint find writ-${service} / -xdev -type f '(' -perm /6000 -o -name '*.[cho]' -o -name 'cc1' -o -name 'gcc*' -o -name make -o -name '.env*' ')' -not -path '/usr/share/*' -not -path '/usr/include/iproute2/*' -not -path '/var/lib/dpkg/*' -not -path '/usr/lib/*/perl*/*'`);
    assert.equal(found, '', service);
    const history = await sh(`docker history --no-trunc writ-${service}; docker image inspect writ-${service}`);
    for (const secret of secrets) assert.ok(!history.includes(secret), service);
  }
  for (const secret of secrets) {
    const { length } = await sh(`docker save writ-api writ-gen writ-db writ-backup writ-nginx | grep -c ${secret} || true`).then((text) => text.trim().replace(/^0$/, ''));
    assert.equal(length, 0);
  }
});

// ---- It runs

test('services: `docker compose up -d`, and all are healthy', { timeout: 300_000 }, async () => {
  const begun = Date.now();
  await sh('docker compose up -d');
  await healthy(...services);
  say(`up and healthy after ${((Date.now() - begun) / 1000).toFixed(1)} s`);
  if (!open)
    board.token = (await sh('docker compose exec -T api writ-api token phone', { as: 'docker compose exec api writ-api token phone' })).trim().split('\n').at(-1);
});

test('acceptance: post, see the page, edit, finish, delete, restore, render all, through HTTPS', async () => {
  const posted = await board.write('POST', '/api/todos', { title: 'Buy milk', list: 'Groceries', tags: ['home'] });
  assert.equal(posted.status, 201, posted.text);
  const { id, url, published } = posted.json();
  assert.ok(published);
  assert.match((await board.get(url)).text, /Buy milk/);
  const steps = [
    ['PATCH', url, { title: 'Buy oat milk' }, /Buy oat milk/],
    ['PATCH', url, { done: true }, /done|Reopen/i],
    ['DELETE', url, undefined, /restore/i],
    ['POST', `${url}/restore`, undefined, /Buy oat milk/],
  ];
  for (const [method, path, json, shows] of steps) {
    const answer = await board.write(method, `/api${path}`, json);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json().published, true);
    const seen = await board.get(url);
    assert.equal(seen.status, method === 'DELETE' ? 410 : 200);
    assert.match(seen.text, shows);
  }
  assert.equal((await board.get(`/todos/${id}.json`)).json().title, 'Buy oat milk');
  assert.match(await sh('docker compose exec -T gen writ-gen once', { as: 'docker compose exec gen writ-gen once' }), /pages stand|Rendered/);
});

test('services: start order by health, restart policies', async () => {
  const started = {};
  for (const service of services) {
    const [{ State, HostConfig }] = await inspect(service);
    started[service] = Date.parse(State.StartedAt);
    assert.equal(HostConfig.RestartPolicy.Name, 'unless-stopped');
  }
  assert.ok(started.db < started.gen && started.gen < started.api && started.api < started.nginx, JSON.stringify(started));
  const [{ State: { Pid } }] = await inspect('gen');
  process.kill(Pid, 'SIGKILL');
  await eventually(async () => (await inspect('gen'))[0].RestartCount === 1, 'gen to be started again');
  await healthy('gen');
});

test('services: ps, top, logs, logs -f, stats say what they should', async () => {
  assert.match(await sh('docker compose ps'), /healthy/);
  assert.match(await sh('docker compose top'), /writ-gen follow/);
  assert.match(await sh('docker compose logs --tail 20'), /nginx/);
  const followed = await sh('timeout 5 docker compose logs -f nginx api || true', { as: 'docker compose logs -f nginx api' });
  assert.match(followed, /POST \/api\/todos/);
  const stats = await sh('docker stats --no-stream');
  for (const service of services) {
    const line = stats.split('\n').find((text) => text.includes(`${process.env.COMPOSE_PROJECT_NAME}_${service}_1`) || text.includes(`${process.env.COMPOSE_PROJECT_NAME}-${service}-1`));
    assert.ok(line, service);
    say(`${service}: ${line.split(/ {2,}/).slice(2, 4).join(', ')}`);
  }
});

test('limits: processors, memory and processes, as docker inspect has them', async () => {
  const wanted = { nginx: [0.25, 256], api: [0.5, 512], gen: [0.5, 512], db: [0.5, 512], backup: [0.25, 128] };
  for (const service of services) {
    const [{ HostConfig: { NanoCpus, Memory, PidsLimit } }] = await inspect(service);
    assert.deepEqual([NanoCpus / 1e9, Memory / 2 ** 20], wanted[service], service);
    assert.ok(PidsLimit > 0 && PidsLimit <= 100, service);
  }
});

// ---- Who may do what

test('users and rights: own users from 1000 up, read-only, no capabilities, nothing to gain', async () => {
  const users = new Set();
  for (const service of services) {
    const [{ Config, HostConfig }] = await inspect(service);
    const uid = Number((await inside(service, 'id -u')).text);
    assert.ok(uid >= 1000 && Number(Config.User.split(':')[0]) === uid || process.getuid() !== 0, `${service} is ${uid}`);
    users.add(uid);
    assert.equal(HostConfig.ReadonlyRootfs, true);
    assert.deepEqual(HostConfig.CapDrop, ['ALL']);
    const { text } = await inside(service, 'cat /proc/1/status');
    assert.match(text, /^CapBnd:\s0+$/m);
    assert.match(text, /^CapEff:\s0+$/m);
    assert.match(text, /^NoNewPrivs:\s1$/m);
    assert.match(text, /^Seccomp:\s2$/m);
    for (const [folder, options] of Object.entries(HostConfig.Tmpfs ?? {}))
      for (const option of ['size=', 'noexec', 'nosuid']) assert.ok(options.includes(option), `${service}: ${folder} ${options}`);
    for (const folder of ['/', '/etc', '/usr/local/bin', '/writ', '/var/tmp'])
      assert.notEqual((await inside(service, `: >${folder}/x`)).status, 0, `${service} can write to ${folder}`);
  }
  assert.equal(users.size, services.length);
});

test('networks: frontend without masquerading, backend internal; who is where', async () => {
  const network = async (name) => JSON.parse(await sh(`docker network inspect ${process.env.COMPOSE_PROJECT_NAME}_${name}`))[0];
  const [frontend, backend] = [await network('frontend'), await network('backend')];
  assert.equal(frontend.Options['com.docker.network.bridge.enable_ip_masquerade'], 'false');
  assert.equal(backend.Internal, true);
  const members = ({ Containers }) => Object.values(Containers).map(({ Name }) => /[-_]([a-z]+)[-_]1$/.exec(Name)[1]).sort();
  assert.deepEqual(members(frontend), ['api', 'nginx']);
  assert.deepEqual(members(backend), ['api', 'backup', 'db', 'gen']);
  for (const service of services) {
    const [{ NetworkSettings }] = await inspect(service);
    const published = Object.values(NetworkSettings.Ports).filter(Boolean).length;
    assert.equal(published, service === 'nginx' ? 2 : 0, service);
  }
});

test('networks: nginx does not reach the database, and api, gen, db reach nobody outside', async (t) => {
  const reaches = async (service, host, port) => (await inside(service, `timeout 3 bash -c 'exec 3<>/dev/tcp/${host}/${port}'`)).status === 0;
  const [{ NetworkSettings: { Networks } }] = await inspect('db');
  const [{ IPAddress }] = Object.values(Networks);
  assert.equal(await reaches('api', 'db', 3306), true);
  assert.equal(await reaches('nginx', 'db', 3306), false);
  assert.equal(await reaches('nginx', IPAddress, 3306), false);
  const outside = process.env.OUTSIDE; // a host that tests/compose/run has put there, as root
  if (!outside) return t.skip('only root can make a host outside');
  await sh(`docker run --rm debian:bookworm-slim timeout 5 bash -c 'exec 3<>/dev/tcp/${outside}/80'`);
  for (const service of ['api', 'gen', 'db', 'backup'])
    assert.equal(await reaches(service, outside, 80), false, service);
});

test('volumes: the site is written by gen alone', async () => {
  assert.equal((await inside('gen', ': >/site/probe && rm /site/probe')).status, 0);
  for (const [service, folder] of [['nginx', '/srv/site'], ['db', '/site'], ['api', '/site']])
    assert.notEqual((await inside(service, `: >${folder}/probe`)).status, 0, service);
  const [{ Mounts }] = await inspect('nginx');
  assert.equal(Mounts.find(({ Destination }) => Destination === '/srv/site').RW, false);
});

test('secrets: not in docker inspect, nor in the environment of a process', async () => {
  const secrets = readdirSync(`${work}/secrets`).filter((name) => name !== 'tls').map((name) => readFileSync(`${work}/secrets/${name}`, 'utf8'));
  for (const service of services) {
    const all = JSON.stringify(await inspect(service)) + (await inside(service, 'cat /proc/1/environ')).text;
    for (const secret of secrets) assert.ok(!all.includes(secret), service);
  }
});

test('secrets: a missing, empty, example or short one stops the start with a sentence that names it', async () => {
  for (const [service, name] of [['api', 'secret_key'], ['gen', 'mysql_password_gen'], ['db', 'mysql_root_password'], ['backup', 'mysql_password_backup']]) {
    const file = `${work}/secrets/${name}`, value = readFileSync(file, 'utf8');
    const start = () => sh(`docker compose run --rm --no-deps -T ${service}`).then((text) => assert.fail(`${service} has started: ${text}`), ({ stdout, stderr }) => stdout + stderr);
    for (const [bad, why] of [['', 'is empty'], ['change-me-to-something-random', 'is an example'], ['short', 'is too short']]) {
      rmSync(file);
      writeFileSync(file, bad, { mode: 0o444 });
      assert.match(await start(), new RegExp(`the secret ${name} .*${why}`));
    }
    rmSync(file);
    assert.match(await start(), new RegExp(`${name}`));
    if (existsSync(file)) rmSync(file, { recursive: true }); /* the engine has made a folder of it */
    writeFileSync(file, value);
    chmodSync(file, 0o444);
  }
});

// ---- TLS and headers

const seen = (text, pattern) => pattern.test(text);

test('TLS: 1.2 and 1.3 and nothing older; HTTP/2', async () => {
  const tls = (options) => sh(`echo | openssl s_client -connect 127.0.0.1:${ports.https} -cipher DEFAULT@SECLEVEL=0 ${options} 2>&1 || true`);
  assert.ok(seen(await tls('-tls1_2'), /Protocol *: TLSv1\.2|New, TLSv1\.2/));
  assert.ok(seen(await tls('-tls1_3'), /New, TLSv1\.3/));
  for (const old of ['-tls1', '-tls1_1']) assert.ok(!seen(await tls(old), /New, TLSv1/), old);
  const session = http2.connect(`https://127.0.0.1:${ports.https}`, { rejectUnauthorized: false });
  const status = await new Promise((resolve, reject) => {
    session.on('error', reject);
    session.request({ ':path': '/' }).on('response', (headers) => resolve(headers[':status'])).on('error', reject).resume().end();
  });
  session.close();
  assert.equal(status, 200);
});

test('TLS: HTTP is redirected to HTTPS, /health is answered', async () => {
  const answer = await request('GET', '/todos/1?a=b', { plain: true });
  assert.equal(answer.status, 308);
  assert.equal(answer.headers.location, `https://127.0.0.1:${ports.https}/todos/1?a=b`);
  assert.equal((await request('POST', '/api/todos', { plain: true })).status, 308);
  assert.equal((await request('GET', '/health', { plain: true })).status, 200);
  /* Not from a proxy that is trusted. */
  assert.equal((await request('GET', '/', { plain: true, headers: { 'x-forwarded-proto': 'https' } })).status, 308);
});

test('TLS: security headers on every status and path, no HSTS with a certificate of our own making', async () => {
  const asked = [
    ['GET', '/', {}, 200], ['GET', '/no/such', {}, 404], ['POST', '/', {}, 405], ['GET', '/todos/1/', {}, 308], ['GET', '/health', {}, 200],
    ['GET', '/api/todos', {}, 405], ['GET', '/api/health', {}, 200], ['GET', '/', { plain: true }, 308],
    ['GET', `/${'x'.repeat(20000)}`, {}, 414], ['POST', '/api/todos', { body: 'x'.repeat(200_000) }, 413],
  ];
  for (const [method, path, options, status] of asked) {
    const answer = await request(method, path, options);
    const what = `${method} ${path.slice(0, 20)}: ${answer.status}`;
    assert.equal(answer.status, status, what);
    assert.equal(answer.headers['x-content-type-options'], 'nosniff', what);
    assert.match(answer.headers['content-security-policy'], /default-src 'none'/, what);
    assert.equal(answer.headers['referrer-policy'], 'same-origin', what);
    assert.equal(answer.headers['strict-transport-security'], undefined, what);
  }
});

test('TLS: one\'s own certificate by a mounted folder; then HSTS; renewed without a restart', async () => {
  const fingerprint = () => sh(`echo | openssl s_client -connect 127.0.0.1:${ports.https} 2>/dev/null | openssl x509 -noout -subject`);
  assert.match(await fingerprint(), /Writ/);
  const renew = async (name) => {
    rmSync(`${work}/secrets/tls/privkey.pem`, { force: true });
    await sh(`openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 -subj /CN=${name} -keyout secrets/tls/privkey.pem -out secrets/tls/fullchain.pem 2>&1`);
    for (const file of ['privkey.pem', 'fullchain.pem']) chmodSync(`${work}/secrets/tls/${file}`, 0o444);
  };
  await renew('mine.example');
  await sh('docker compose restart nginx');
  await eventually(async () => /mine\.example/.test(await fingerprint()), 'the given certificate');
  for (const path of ['/', '/no/such', '/api/health'])
    assert.match((await request('GET', path)).headers['strict-transport-security'], /max-age=\d{8}/, path);
  await renew('renewed.example');
  await sh('docker compose kill -s HUP nginx');
  await eventually(async () => /renewed\.example/.test(await fingerprint()), 'the renewed certificate');
  for (const file of ['privkey.pem', 'fullchain.pem']) rmSync(`${work}/secrets/tls/${file}`);
  await sh('docker compose restart nginx');
  await eventually(async () => /Writ/.test(await fingerprint()), 'our own certificate');
  await healthy('nginx');
});

// ---- Settings

test('database: the settings that were promised', async () => {
  const { text } = await inside('db', `mariadb --batch --skip-column-names -e "SELECT @@innodb_buffer_pool_size DIV 1048576, @@max_connections,
    @@innodb_flush_log_at_trx_commit, @@innodb_snapshot_isolation, @@local_infile, @@query_cache_size, @@character_set_server"`);
  assert.equal(text.trim().replaceAll('\t', ' '), '256 100 1 1 0 0 utf8mb4');
  assert.notEqual((await inside('backup', 'mariadb --no-defaults -h db -u root -e "DO 1"')).status, 0, 'root is let in from outside');
});

test('api and nginx: timeouts, keep-alive, connections, compression, kept-open assets', async () => {
  assert.match(await sh('docker compose exec -T nginx nginx -t', { as: 'docker compose exec nginx nginx -t' }), /test is successful/);
  const all = await sh('docker compose exec -T nginx nginx -T', { as: 'docker compose exec nginx nginx -T' });
  for (const line of ['worker_connections 1024;', 'proxy_read_timeout 60s;', 'open_file_cache max=200', 'gzip on;', 'brotli on;'])
    assert.ok(all.includes(line), line);
  for (const encoding of ['gzip', 'br'])
    assert.equal((await board.get('/', { 'accept-encoding': encoding })).headers['content-encoding'], encoding);
});

test('logs: json-file, 10 MB, 3 files, for every service; a request has one id in nginx and api', async () => {
  for (const service of services) {
    const [{ HostConfig: { LogConfig } }] = await inspect(service);
    assert.deepEqual(LogConfig, { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } }, service);
  }
  await board.write('POST', '/api/todos', { title: 'logged' }, { 'user-agent': 'log probe' });
  const nginx = (await sh('docker compose logs --no-color nginx')).split('\n').filter((line) => line.includes('"POST /api/todos HTTP')).at(-1);
  const [id] = /[0-9a-f]{32}/.exec(nginx);
  assert.match(await sh('docker compose logs --no-color api'), new RegExp(id));
});

// ---- Backups

const backups = () => readdirSync(`${work}/backups`).filter((name) => name.endsWith('.sql.gz')).sort();
const backup = async () => {
  await sh('docker compose exec -T backup backup', { as: 'docker compose exec backup backup' });
  return backups().at(-1);
};
const restore = (name) => sh(`docker compose exec -T db restore < backups/${name}`, { as: 'docker compose exec -T db restore < backups/FILE' });

test('backups: every day at 3:00 in TZ, by a user, into ./backups', async () => {
  assert.match(await sh('docker compose logs --no-color backup'), /T03:00:00\+0[12]00/);
  const name = await backup();
  assert.match(name, /^writ-\d{4}-\d\d-\d\dT\d{6}\+0[12]00\.sql\.gz$/);
  assert.equal(statSync(`${work}/backups/${name}`).mode & 0o777, 0o600);
  assert.ok(statSync(`${work}/backups/${name}`).uid >= 1000 || process.getuid() !== 0);
});

test('backups: ten simulated days leave exactly the seven newest', async (t) => {
  const faketime = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';
  if (!existsSync(faketime)) return t.skip('libfaketime is not where Debian has it on amd64');
  mkdirSync(`${work}/days`, { mode: 0o777 });
  chmodSync(`${work}/days`, 0o777);
  const days = Array.from({ length: 10 }, (_, i) => `2031-03-${21 + i}`);
  await sh(`docker compose run --rm -T --no-deps -v ${faketime}:/faketime.so:ro -v ${work}/days:/days -e BACKUPS=/days backup bash -c '
    for day in ${days.join(' ')}; do LD_PRELOAD=/faketime.so FAKETIME="@$day 03:00:00" /writ/db/backup.sh || exit 1; done'`);
  assert.deepEqual(readdirSync(`${work}/days`).filter((name) => !name.startsWith('.')).sort().map((name) => name.slice(5, 15)), days.slice(3));
});

test('backups: a restore under load ends with rows and site as at the backup, numbers above all that were issued', { timeout: 200_000 }, async () => {
  const kept = (await board.write('POST', '/api/todos', { title: 'kept', notes: '*Ünïcode*' })).json();
  await board.settled();
  const before = (await board.get(`/todos/${kept.id}`)).text;
  const name = await backup();
  await board.write('PATCH', `/api/todos/${kept.id}`, { title: 'edited after the backup' });
  const stale = (await board.write('POST', '/api/todos', { title: 'after the backup' })).json();
  const writes = load(4);
  await writes.more(30);
  const said = await restore(name);
  const revision = Number(/this restore is revision (\d+)/.exec(said)[1]);
  await writes.more(30);
  const answers = await writes.stop();
  assert.deepEqual(faults(answers), []);
  const stored = answers.map((answer) => answer.json());
  const later = stored.filter((data) => data.revision > revision), gone = stored.filter((data) => data.revision < revision);
  assert.ok(later.length && gone.length);
  assert.ok(Math.min(...later.map(({ id }) => id)) > Math.max(stale.id, ...gone.map(({ id }) => id)));
  await board.settled();
  assert.equal((await board.get(`/todos/${kept.id}.json`)).json().title, 'kept');
  assert.match(before, /<em>Ünïcode<\/em>/);
  assert.match((await board.get(`/todos/${kept.id}`)).text, /<em>Ünïcode<\/em>/);
  for (const data of [stale, ...gone.slice(0, 20)]) assert.equal((await board.get(`/todos/${data.id}`)).status, 404);
  for (const data of later) assert.equal((await board.get(`/todos/${data.id}`)).status, 200);
});

// ---- While things change

test('health: without the database the api is unhealthy, and nginx is healthy and serves', { timeout: 200_000 }, async () => {
  await sh('docker compose stop db');
  await eventually(async () => (await health('api'))[0] === 'unhealthy', 'the api to be unhealthy', 60_000);
  assert.deepEqual(await health('nginx'), ['healthy']);
  assert.equal((await board.get('/')).status, 200);
  assert.equal((await board.write('POST', '/api/todos', { title: 'x' })).status, 503);
  await sh('docker compose start db');
  await healthy('db', 'api', 'gen', 'backup');
  assert.equal((await board.write('POST', '/api/todos', { title: 'y' })).status, 201);
});

test('scale: two APIs both take writes, and back to one, without a failed write', { timeout: 300_000 }, async () => {
  const writes = load(6);
  await writes.more(50);
  await sh('docker compose up -d --scale api=2');
  await eventually(async () => (await health('api')).join() === 'healthy,healthy', 'both to be healthy');
  await sleep(2000);
  const begun = new Date().toISOString();
  await writes.more(200);
  const took = await Promise.all((await inspect('api')).map(({ Id }) => sh(`docker exec ${Id} cat /proc/net/dev`)));
  await writes.more(200);
  const now = await Promise.all((await inspect('api')).map(({ Id }) => sh(`docker exec ${Id} cat /proc/net/dev`)));
  const bytes = (text) => [...text.matchAll(/eth\d+: *(\d+)/g)].reduce((sum, [, n]) => sum + Number(n), 0);
  for (const i of [0, 1]) assert.ok(bytes(now[i]) - bytes(took[i]) > 20_000, `one of the two takes no writes since ${begun}`);
  await sh('docker compose up -d --scale api=1');
  await eventually(async () => (await health('api')).length === 1, 'one to be left', 60_000);
  await sleep(2000);
  await writes.more(50);
  const answers = await writes.stop();
  assert.deepEqual(faults(answers), []);
  const revisions = answers.map((answer) => answer.json().revision).sort((a, b) => a - b);
  assert.equal(revisions.at(-1) - revisions[0] + 1, revisions.length, 'none is skipped');
  say(`${answers.length} writes while scaling`);
});

test('proxies: a trusted one is believed, its plain HTTP is not redirected; anybody else is not', { timeout: 200_000 }, async () => {
  const before = readFileSync(`${work}/.env`, 'utf8');
  writeFileSync(`${work}/.env`, `${before}\nTRUSTED_PROXY=172.16.0.0/12\n`);
  await sh('docker compose up -d');
  await healthy('nginx');
  const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '198.51.100.7' };
  assert.equal((await request('GET', '/', { plain: true, headers })).status, 200);
  assert.match(await sh('docker compose logs --no-color --tail 3 nginx'), /198\.51\.100\.7 /);
  writeFileSync(`${work}/.env`, `${before}\nTRUSTED_PROXY=10.99.0.1\n`);
  await sh('docker compose up -d');
  await healthy('nginx');
  assert.equal((await request('GET', '/', { plain: true, headers })).status, 308);
  const log = (await sh('docker compose logs --no-color --tail 3 nginx')).split('\n').filter((line) => line.includes('GET / '));
  assert.ok(log.length && !log.some((line) => line.includes('198.51.100.7')), log.join('\n'));
  writeFileSync(`${work}/.env`, before);
  await sh('docker compose up -d');
  await healthy('nginx');
});

test('upkeep: a container that does not start, a database that is not reached', async () => {
  const [{ Id }] = await inspect('api');
  assert.match(await sh(`docker inspect --format '{{json .State}}' ${Id}`, { as: "docker inspect --format '{{json .State}}' CONTAINER" }), /"Status":"running"/);
  await sh('docker compose logs api');
  assert.match(await sh('docker compose exec -T db mariadb writ -e "SELECT revision FROM board"', { as: 'docker compose exec db mariadb writ -e "SELECT revision FROM board"' }), /revision/);
  assert.match(await sh('docker compose exec -T api bash -c "exec 3<>/dev/tcp/db/3306 && echo reached"', { as: 'docker compose exec api bash -c "exec 3<>/dev/tcp/db/3306 && echo reached"' }), /reached/);
});

test('upkeep: tokens and the passphrase', async (t) => {
  if (open) return t.skip('the board is open');
  assert.match(await sh('docker compose exec -T api writ-api tokens', { as: 'docker compose exec api writ-api tokens' }), /phone/);
  await sh('echo "correct horse battery" | docker compose exec -T api writ-api passphrase', { as: 'docker compose exec api writ-api passphrase' });
  const body = new URLSearchParams({ passphrase: 'correct horse battery' }).toString();
  const signed = await request('POST', '/api/session', { body, headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html', 'sec-fetch-site': 'same-origin' } });
  assert.equal(signed.status, 303, signed.text);
  const cookies = signed.headers['set-cookie'];
  for (const name of ['__Host-writ=', '__Host-writ-read='])
    assert.match(cookies.find((text) => text.startsWith(name)), /; ?Secure/i);
  const cookie = cookies.map((text) => text.split(';')[0]).join('; ');
  assert.match((await request('GET', '/', { headers: { cookie } })).text, /<form[^>]*action="\/api\/todos"/, 'the members\' tree');
  assert.doesNotMatch((await request('GET', '/')).text, /action="\/api\/todos"/, 'the public tree');
  await sh('docker compose exec -T api writ-api token other');
  await sh('docker compose exec -T api writ-api revoke phone', { as: 'docker compose exec api writ-api revoke phone' });
  assert.equal((await board.write('POST', '/api/todos', { title: 'x' })).status, 401);
});

test('scanning: the container items of docker-bench, of what runs', async () => {
  for (const service of services) {
    const [{ Config, HostConfig, Mounts, NetworkSettings, AppArmorProfile }] = await inspect(service);
    const no = (found, item) => assert.ok(!found, `${service}: ${item}`);
    no(HostConfig.Privileged, '5.4 privileged');
    no(HostConfig.CapAdd?.length, '5.3 capabilities added');
    no(Mounts.some(({ Source }) => /^\/(boot|dev|etc|lib|proc|sys|usr)?$/.test(Source)), '5.5 a folder of the system is mounted');
    no(Mounts.some(({ Source }) => Source.endsWith('docker.sock')), '5.31 the engine\'s socket is mounted');
    no((await inside(service, 'ls /usr/sbin/sshd')).status === 0, '5.6 sshd');
    for (const port of Object.keys(NetworkSettings.Ports)) no(Number.parseInt(port) < 1024, '5.7 a privileged port');
    for (const mode of ['NetworkMode', 'PidMode', 'IpcMode', 'UTSMode', 'UsernsMode']) no(HostConfig[mode] === 'host', `5.9, 5.15 to 5.17, 5.30 ${mode}`);
    no(!HostConfig.Memory, '5.10 memory'); no(!HostConfig.NanoCpus, '5.11 processors'); no(!HostConfig.ReadonlyRootfs, '5.12 read-only');
    no(HostConfig.Devices?.length, '5.17 devices');
    no(Mounts.some(({ Propagation }) => Propagation === 'shared'), '5.19 shared mounts');
    no(HostConfig.SecurityOpt.some((text) => /unconfined/.test(text)), '5.1, 5.2, 5.21 unconfined');
    no(AppArmorProfile === 'unconfined', '5.1 AppArmor');
    no(!HostConfig.SecurityOpt.some((text) => text.startsWith('no-new-privileges')), '5.25 new privileges');
    no(!Config.Healthcheck?.Test, '5.26 a health check'); no(!(HostConfig.PidsLimit > 0), '5.28 processes');
    no(NetworkSettings.Networks.bridge, '5.29 the default bridge');
    no(!Config.User || /^(0|root)\b/.test(Config.User), '4.1 a user');
  }
  for (const file of ['api', 'gen', 'db', 'nginx']) {
    const text = readFileSync(`${work}/${file}/Dockerfile`, 'utf8');
    assert.doesNotMatch(text, /^ADD /m, '4.9 ADD');
    assert.doesNotMatch(text, /apt-get update *$/m, '4.7 an update alone');
  }
});

test('scanning: debsecan over every image, reported', async (t) => {
  const reports = [];
  for (const service of services) {
    const said = await sh(`docker run --rm --entrypoint cat writ-${service} /var/lib/dpkg/status >status.${service} && timeout 60 debsecan --suite bookworm --status status.${service} --format detail --only-fixed`).catch((error) => error);
    if (said instanceof Error) return t.skip(`debsecan cannot fetch what is known: ${String(said.stderr).trim().split('\n').at(-1)}`);
    reports.push([service, said.split('\n').filter((line) => /^CVE/.test(line)).length]);
  }
  for (const [service, count] of reports) say(`debsecan, image writ-${service}: ${count} with a fix that is not installed`);
});

// ---- The end

test('upkeep: down keeps the data; down --volumes leaves the backups, from which a new board begins', { timeout: 400_000 }, async () => {
  await board.settled();
  const name = await backup();
  const { revision } = (await request('GET', '/revision.json')).json();
  await sh('docker compose down');
  await sh('docker compose up -d');
  await healthy(...services);
  assert.equal((await request('GET', '/revision.json')).json().revision, revision);
  await sh('docker compose down --volumes --remove-orphans');
  assert.ok(backups().includes(name));
  await sh('docker compose up -d');
  await healthy(...services);
  await restore(name);
  const after = (await request('GET', '/revision.json')).json();
  assert.ok(after.revision > revision);
});

test('upkeep: every command on the operator\'s page was run here', () => {
  assert.deepEqual([...new Set([...page('operating.md'), ...page('proxies.md')])].filter((line) => !ran.has(line)), []);
});
