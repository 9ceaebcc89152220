/*
 * Keeps what was read, for when there is no connection: pages always come from the board if it can be reached. What a
 * member has read is kept apart, and forgotten when he signs in or out, or when the board takes him for a stranger.
 */
const PAGES = 300;

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

const forget = async () => Promise.all((await caches.keys()).filter((name) => name !== 'assets').map((name) => caches.delete(name)));

async function keep(request, answer) {
  const name = /private/.test(answer.headers.get('cache-control')) ? 'members' : 'public';
  if (name === 'public') await caches.delete('members');
  const cache = await caches.open(name);
  await cache.put(request.url.split(/[?#]/)[0], answer);
  const kept = await cache.keys();
  if (kept.length > PAGES) await cache.delete(kept[0]);
}

const escape = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt()};`);

// With a line that says of when it is.
async function old(answer) {
  if (!/html/.test(answer.headers.get('content-type'))) return answer;
  const when = escape(new Date(answer.headers.get('date')).toLocaleString());
  const banner = `<p class="banner" role="status">There is no connection. This page is as it was on ${when}.</p>`;
  return new Response((await answer.text()).replace(/<main[^>]*>/, (tag) => tag + banner), { headers: { 'content-type': 'text/html; charset=utf-8' } });
}

const nothing = () => new Response('<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>No connection</title>'
  + '<main><h1>There is no connection</h1><p>This page has not been read in this browser before. <a href="/">The board</a></p></main>',
{ status: 503, headers: { 'content-type': 'text/html; charset=utf-8' } });

async function page(request) {
  try {
    const answer = await fetch(request);
    if (answer.status === 200) keep(request, answer.clone());
    return answer;
  } catch (error) {
    const kept = await caches.match(request.url.split(/[?#]/)[0]);
    if (kept) return old(kept);
    if (request.mode === 'navigate') return nothing();
    throw error;
  }
}

// Its name changes with its bytes: it is never old.
async function asset(request) {
  const kept = await caches.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) (await caches.open('assets')).put(request, answer.clone());
  return answer;
}

self.addEventListener('fetch', (event) => {
  const { request } = event, url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (request.method === 'POST' && url.pathname === '/api/session') event.waitUntil(forget());
  if (request.method !== 'GET' || /^\/(api\/|revision\.json|health|worker\.js)/.test(url.pathname)) return;
  event.respondWith(/^\/assets\/.*\.[0-9a-f]{16}\./.test(url.pathname) ? asset(request) : page(request));
});
