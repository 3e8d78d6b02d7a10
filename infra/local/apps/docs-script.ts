/**
 * The script of Docs: asks for its own page once more, and shows what is told about the way it took. A page that was left
 * open learns by the same that nobody is signed in any more.
 */
export const docsScript = `
const { pathname, search } = location;
const put = (id, lines) => {
  const list = document.getElementById(id);
  if (!list) return;
  list.replaceChildren(...lines.flatMap(([name, value]) => {
    const [dt, dd, code] = ['dt', 'dd', 'code'].map((one) => document.createElement(one));
    dt.textContent = name;
    code.textContent = value;
    dd.append(code);
    return [dt, dd];
  }));
  list.closest('section').hidden = false;
};
const look = async () => {
  const answer = await fetch(pathname + search, { cache: 'no-store' });
  if (answer.status === 401) {
    const { code } = await answer.json();
    // only the half hour of the cookie is over: a page load gets a new one
    if (code === 'session_expired') location.reload();
    else document.getElementById('gone').hidden = false;
    return;
  }
  const timing = answer.headers.get('server-timing') ?? '';
  put('functions', timing.split(', ').map((one) => one.split(';dur=')).filter(([, ms]) => ms)
    .map(([name, ms]) => [name, ms + ' ms']));
  const own = /^(?:content-security-policy|cross-origin-.*|permissions-policy|referrer-policy|strict-.*|x-content-type-options|x-frame-options)$/;
  put('headers', [...answer.headers].filter(([name]) => own.test(name)));
};
void look();
addEventListener('pageshow', ({ persisted }) => { if (persisted) void look(); });
document.addEventListener('visibilitychange', () => { if (!document.hidden) void look(); });
`;
