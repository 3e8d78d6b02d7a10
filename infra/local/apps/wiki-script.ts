/**
 * The script of the wiki's pages: shows what others write at once, and notices when the reader is signed out. It knows
 * nothing of cookies: the gateway ends its stream, and answers 401 from then on.
 *
 * @param gateway Public URL of the gateway.
 */
export const wikiScript = (gateway: string): string => `
const live = document.getElementById('live');
const { slug, edit } = live.dataset;
const isEditor = document.getElementById('draft') !== null;
const say = (text) => { if (live.textContent !== text) live.textContent = text; };
const all = isEditor
  ? 'Live: you hear of it at once if somebody else saves this page.'
  : 'Live: what others write appears here at once.';

/** Takes the page as it is now. */
const refresh = async (news) => {
  const answer = await fetch(location.pathname + location.search, { cache: 'no-store' });
  if (!answer.ok) return;
  const next = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const [old, fresh] = [document, next].map((one) => one.getElementById('content'));
  if (!old || !fresh) return;
  old.replaceChildren(...fresh.childNodes);
  old.classList.remove('changed');
  void old.offsetWidth;
  old.classList.add('changed');
  document.title = next.title;
  say(news);
};

/** Is this still somebody? Perhaps only the half hour of their cookie is over: the gateway makes a new one. */
const isKnown = async () => {
  const answer = await fetch('/api/me', { cache: 'no-store' });
  if (answer.status !== 401) return true;
  const renewed = await fetch(${JSON.stringify(`${gateway}/session`)}, { method: 'POST', credentials: 'include' });
  return renewed.status !== 401;
};
const gone = () => {
  stream.close();
  if (!isEditor) return location.replace('/bye?elsewhere=1');
  // nobody's text is thrown away
  document.getElementById('gone').hidden = false;
  say('Not live: you were signed out.');
};

let stream;
let asking = false;
let opened = false;
const listen = () => {
  stream = new EventSource('/live');
  stream.addEventListener('open', () => {
    // what was written meanwhile came to nobody here
    if (opened && !isEditor) void refresh(all);
    else say(all);
    opened = true;
  });
  stream.addEventListener('error', lost);
  stream.addEventListener('edit', ({ data }) => {
    const news = JSON.parse(data);
    const says = news.by + ' edited “' + news.title + '” just now.';
    if (!isEditor) {
      if (slug === undefined || slug === news.slug) void refresh(says);
    } else if (slug === news.slug && edit !== news.id) {
      document.getElementById('overtaken').hidden = false;
      say(says);
    }
  });
};
const lost = async () => {
  if (asking) return;
  asking = true;
  say('Not live: asking again…');
  // who can't be asked has not said no
  const known = await isKnown().catch(() => true);
  if (!known) return gone();
  setTimeout(() => {
    asking = false;
    if (stream.readyState === EventSource.CLOSED) listen();
  }, 1000);
};
listen();
// a page that comes back from the browser's memory shows what was true then
addEventListener('pageshow', ({ persisted }) => { if (persisted) void lost(); });
`;
