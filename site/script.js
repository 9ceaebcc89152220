/*
 * What the pages can do beyond what they do without it: forms are sent and pages brought up to date in place, a page
 * that is looked at follows the board, keys, times in the reader's zone, and what is written without a connection waits here
 * (in localStorage, `writ.KEY`, a form each) until it can be sent: once, since its Idempotency-Key goes with it.
 */
(() => {
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const main = one('main');
  const worker = document.currentScript.dataset.worker;

  const element = (name, properties, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };

  // ---- Words about what happened

  const say = (text, alarming) => {
    one('.notice')?.remove();
    const notice = element('p', { className: 'notice' });
    notice.setAttribute('role', alarming ? 'alert' : 'status');
    main.prepend(notice);
    notice.textContent = text; // once it is there, so that it is read out
  };

  const localTimes = () => {
    for (const time of all('time[datetime*=T]'))
      time.textContent = new Date(time.dateTime).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
  };

  // ---- The page, brought up to date in place

  const fields = () => all('main :is(input:not([type=hidden]), textarea, select)');
  const isTouched = (field) => field.type === 'search' ? field.value
    : field.options ? [...field.options].some((option) => option.selected !== option.defaultSelected)
    : field.value !== field.defaultValue;
  // By what the new page will have the same thing again.
  const nameOf = (e) => e?.id ? `#${e.id}` : e?.formAction && e.form ? `button[formaction="${e.getAttribute('formaction')}"][name="${e.name}"]`
    : e?.pathname ? `main a[href="${e.getAttribute('href')}"]` : '';

  const show = (html) => {
    const fresh = new DOMParser().parseFromString(html, 'text/html');
    const focused = main.contains(document.activeElement) && document.activeElement;
    const name = nameOf(focused), at = focused && stops().indexOf(focused.closest('li')?.querySelector('.title') ?? focused);
    const open = all('details[open] > summary', main).map((summary) => summary.textContent);
    const notice = one('.notice');
    main.replaceChildren(...one('main', fresh).childNodes);
    document.title = fresh.title;
    if (notice) main.prepend(notice);
    for (const details of all('details', main)) details.open = open.includes(one('summary', details).textContent);
    localTimes();
    showWaiting();
    if (focused) (name && one(name) || stops()[Math.min(at, stops().length - 1)] || main).focus({ preventScroll: true });
  };

  // Not over what somebody is typing; `sent` is the form that has just been sent.
  const refresh = async (sent) => {
    const answer = await fetch(location.pathname, { headers: { accept: 'text/html' }, cache: 'no-cache' });
    const html = await answer.text();
    if (!fields().some((field) => field.form !== sent && isTouched(field))) show(html);
    else if (!sent) say('This page has changed meanwhile. What you are typing is kept.');
  };

  const mark = (id) => {
    const row = one(`#todo-${id}`);
    row?.classList.add('changed');
    row?.scrollIntoView({ block: 'nearest' });
    return row;
  };

  // ---- Sending

  const post = (url, body, key, more = {}) => fetch(url, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json', prefer: 'return=representation', 'idempotency-key': key, ...more },
  });

  // Not randomUUID(), which is there on HTTPS and loopback alone.
  const newKey = () => crypto.getRandomValues(new Uint8Array(16)).join('-');

  const published = async (revision) => {
    for (let tries = 0; tries < 60; tries++) {
      if ((await (await fetch('/revision.json', { cache: 'no-store' })).json()).revision >= revision) return;
      await new Promise((go) => setTimeout(go, 500));
    }
  };

  // "Added “Buy milk” to Groceries, due 2026-12-01, priority 2, tags home."
  const understood = ({ title, list, due, priority, tags }) => `Added “${title}” to ${list}${due ? `, due ${due}` : ''}` +
    `${priority ? `, priority ${priority}` : ''}${tags.length ? `, tags ${tags.join(', ')}` : ''}.`;

  const whatHappened = (url, body, todo) => {
    if (body.get('_method') === 'DELETE') return 'Deleted. It can be restored here.';
    if (/restore$/.test(url)) return 'Restored.';
    if (!todo) return 'Saved.';
    if (!body.has('_method')) return understood(todo);
    if (body.has('done')) return `${todo.done ? 'Finished' : 'Reopened'} “${todo.title}”.`;
    return body.has('above') || body.has('below') ? `Moved “${todo.title}”.` : 'Saved.';
  };

  const whatIsWrong = ({ detail, errors = [] }) => [detail, ...errors.map((error) => `${error.field} ${error.detail}.`)].join(' ');

  // To the page that the form wants to come back to, or this one again.
  const arrive = async (form, data, next) => {
    const to = new URL(next || data.url, location.href);
    if (!data.published) await published(data.revision);
    if (to.pathname === location.pathname) await refresh(form);
    else location.assign(`${to.pathname}${to.hash || `#todo-${data.id}`}`);
  };

  const send = async (form, url, button) => {
    const body = new URLSearchParams(new FormData(form, button)), text = String(body);
    // Sent again as it was, it is the same: the first one may have been stored.
    const key = form.unsure?.text === text ? form.unsure.key : newKey();
    form.unsure = undefined;
    const row = button?.closest('li, article');
    row?.classList.add('gone'); // before the answer
    if (form.matches('.quick')) form.reset();
    let answer;
    const giveBack = () => {
      row?.classList.remove('gone');
      if (form.matches('.quick')) one('#quick').value = body.get('quick');
    };
    try {
      answer = await post(url, body, key);
    } catch {
      keep(key, url, body);
      return;
    }
    const data = await answer.json().catch(() => ({}));
    if (answer.status === 401 || answer.status === 412) {
      giveBack();
      form.action = url;
      form.sent = true; // as without this script: a page shows both texts, or asks who it is
      form.requestSubmit(button?.form === form ? button : undefined);
    } else if (!answer.ok) {
      giveBack();
      if (answer.status >= 500) form.unsure = { text, key };
      say(whatIsWrong(data), true);
      const wrong = data.errors?.map((error) => form.elements[error.field]).find((field) => field?.focus);
      (wrong ?? button ?? form.elements[0]).focus?.();
    } else {
      say(whatHappened(url, body, data.todo));
      if (form.matches('.edit form')) form.closest('details').open = false;
      await arrive(form, data, body.get('next')).catch(() => {});
      mark(data.id);
    }
  };

  document.addEventListener('submit', (event) => {
    const form = event.target, button = event.submitter;
    const url = button?.getAttribute('formaction') || form.getAttribute('action');
    if (form.method !== 'post' || form.sent) return;
    if (url === '/api/session') {
      const waits = waiting().length;
      if (waits && form.matches('.sign-out') && !confirm(`What waits to be sent (${waits}) would be lost. Sign out?`)) event.preventDefault();
      else if (form.matches('.sign-out')) waiting().forEach(({ key }) => localStorage.removeItem(key));
      return;
    }
    event.preventDefault();
    send(form, url, button);
  });

  // ---- What waits for a connection

  const waiting = () => Object.keys(localStorage).filter((key) => key.startsWith('writ.'))
    .map((key) => ({ key, ...JSON.parse(localStorage[key]) })).sort((a, b) => a.at - b.at);

  const keep = (key, url, body) => {
    localStorage[`writ.${key}`] = JSON.stringify({ url, body: String(body), at: Date.now() });
    say('There is no connection. It is kept in this browser, and sent as soon as there is one.');
    showWaiting();
  };

  const showWaiting = () => {
    one('.waiting')?.remove();
    const list = waiting();
    if (!list.length) return;
    const items = list.map(({ key, url, body, why }) => {
      const sent = new URLSearchParams(body);
      const what = sent.get('quick') ?? sent.get('title') ?? (sent.has('done') ? `${sent.get('done') === 'true' ? 'Finish' : 'Reopen'} ${url.slice(4)}` : `${sent.get('_method') ?? 'POST'} ${url.slice(4)}`);
      const drop = element('button', { type: 'button', textContent: 'Throw away', onclick: () => { localStorage.removeItem(key); showWaiting(); } });
      return element('li', {}, what, why ? `: ${why} ` : ' ', drop);
    });
    const box = element('section', { className: 'waiting' }, element('p', { textContent: `Waiting to be sent: ${list.length}` }), element('ul', {}, ...items));
    box.setAttribute('role', 'status');
    main.prepend(box);
  };

  // In order, by one page at a time. What is refused stays, with the reason, for somebody to decide.
  const alone = (act) => navigator.locks?.request('writ', act) ?? act(); // locks, too
  const sendWaiting = () => alone(async () => {
    let last;
    for (const { key, url, body, why, at } of waiting()) {
      if (why) continue;
      const answer = await post(url, new URLSearchParams(body), key.slice(5));
      if (answer.status >= 500 || answer.status === 429) break;
      const data = await answer.json();
      if (answer.ok) localStorage.removeItem(key);
      else localStorage[key] = JSON.stringify({ url, body, at, why: whatIsWrong(data) });
      if (answer.ok) last = data;
    }
    if (last) {
      if (!last.published) await published(last.revision);
      say('What was waiting is sent.');
      await refresh();
    }
    showWaiting();
  }).catch(() => {});

  // ---- Following the board

  const QUICK = 4000, SLOW = 300_000;
  let revision, pause = QUICK, timer;
  const follow = async () => {
    clearTimeout(timer);
    try {
      const now = (await (await fetch('/revision.json', { cache: 'no-store' })).json()).revision;
      if (revision !== undefined && now !== revision) await refresh();
      revision = now;
      pause = document.hidden ? Math.min(pause * 2, SLOW) : QUICK;
      if (waiting().some(({ why }) => !why)) sendWaiting();
    } catch {
      pause = Math.min(pause * 2, SLOW);
    }
    timer = setTimeout(follow, pause);
  };
  document.addEventListener('visibilitychange', () => document.hidden || follow());
  addEventListener('online', follow);

  // ---- Keys

  const stops = () => all('main .title').filter((title) => title.offsetParent);
  const current = () => document.activeElement.closest('main li, main article') ?? one('main article');
  const walk = (by) => {
    const list = stops(), row = document.activeElement.closest('.todos li');
    list[row ? list.indexOf(one('.title', row)) + by : 0]?.focus();
  };

  const filter = () => {
    let input = one('#filter');
    if (!input) {
      input = element('input', { id: 'filter', type: 'search', placeholder: 'Show what has these letters' });
      input.setAttribute('aria-label', 'Filter this page');
      input.oninput = () => all('main .todos li, main tbody tr').forEach((row) => {
        row.hidden = !row.textContent.toLowerCase().includes(input.value.toLowerCase());
      });
      main.prepend(input);
    }
    input.focus();
  };

  const keys = {
    n: ['add a todo', () => {
      const field = one('#quick') ?? one('.page-add [name=title]');
      if (field) field.focus();
      else location.assign('/add');
    }],
    j: ['next todo', () => walk(1)],
    k: ['the one before', () => walk(-1)],
    x: ['finish or reopen it', () => one('.tick', current())?.click()],
    e: ['edit it', () => {
      const details = one('details.edit'), link = one('a.title', current());
      if (link) location.assign(`${link.pathname}#edit`);
      else if (details) {
        details.open = true;
        one('[name=title]', details).focus();
      }
    }],
    '/': ['filter this page', filter],
    '?': ['these keys', () => {
      const off = element('input', { type: 'checkbox', checked: !localStorage.keysOff, onchange: () => (localStorage.keysOff = off.checked ? '' : '1') });
      const dialog = element('dialog', { onclose: () => dialog.remove() },
        element('table', {}, ...Object.entries(keys).map(([key, [what]]) =>
          element('tr', {}, element('th', { scope: 'row' }, element('kbd', { textContent: key })), element('td', { textContent: what })))),
        element('label', {}, off, ' Keys without Ctrl are on'),
        element('form', { method: 'dialog' }, element('button', { textContent: 'Close' })));
      dialog.setAttribute('aria-label', 'Keys');
      document.body.append(dialog);
      dialog.showModal();
    }],
  };
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, textarea, select, dialog')) return;
    if (!Object.hasOwn(keys, event.key) || (localStorage.keysOff && event.key !== '?')) return;
    event.preventDefault();
    keys[event.key][1]();
  });

  // ---- Names of lists, when they are asked for

  document.addEventListener('focusin', async ({ target }) => {
    if (target.name !== 'list' || target.list) return;
    const { lists } = await (await fetch('/lists.json')).json();
    document.body.append(element('datalist', { id: 'lists' }, ...lists.map(({ name }) => element('option', { value: name }))));
    target.setAttribute('list', 'lists');
  });

  // ---- At the start

  localTimes();
  showWaiting();
  // Not before the browser has gone to the fragment, which takes the focus away.
  if (location.hash === '#edit') addEventListener('load', () => setTimeout(keys.e[1]));
  // What another app has shared.
  const shared = new URLSearchParams(location.search), form = one('.page-add form');
  if (form && location.search) {
    const text = shared.get('text') ?? '', title = shared.get('title') || text.split('\n')[0] || shared.get('url') || '';
    form.elements.title.value = title.slice(0, 200);
    form.elements.notes.value = [text === title ? '' : text, shared.get('url') ?? ''].filter(Boolean).join('\n\n');
  }
  follow();

  if (!navigator.serviceWorker) return;
  if (!worker) {
    navigator.serviceWorker.getRegistrations().then((found) => found.forEach((registration) => registration.unregister()));
    return;
  }
  // It has not seen this page come, which is to be kept, too. It may take over at once: so this listens before.
  if (!navigator.serviceWorker.controller)
    navigator.serviceWorker.addEventListener('controllerchange', () =>
      [location.href, ...all('link[rel=stylesheet], link[rel=icon]').map((link) => link.href), one('script').src].forEach((url) => fetch(url)), { once: true });
  navigator.serviceWorker.register(worker);
})();
