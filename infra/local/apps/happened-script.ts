/**
 * Keeps the page of what happened up to date: asks once a second while it is looked at, and puts the new part in the place
 * of the old one. What was opened stays open. Without it the page works by reloading.
 */
export const happenedScript = `
const live = document.getElementById('live');
const news = document.getElementById('news');
let cursor = Number(live.dataset.cursor);
const say = (text) => { if (news.textContent !== text) news.textContent = text; };
const replace = (html) => {
  const open = new Map([...live.querySelectorAll('details[id]')].map((one) => [one.id, one.open]));
  const focused = document.activeElement?.closest('#live details[id]')?.id;
  live.innerHTML = html;
  for (const one of live.querySelectorAll('details[id]')) if (open.has(one.id)) one.open = open.get(one.id);
  if (focused) document.getElementById(focused)?.querySelector('summary')?.focus({ preventScroll: true });
};
const look = async () => {
  if (!document.hidden) {
    try {
      const answer = await fetch('/what-happened.json?since=' + cursor, { cache: 'no-store' });
      if (!answer.ok) throw new Error(answer.status);
      const found = await answer.json();
      if (found.html !== undefined) replace(found.html);
      cursor = found.cursor;
      say('Live');
    } catch {
      say('The local world does not answer');
    }
  }
  setTimeout(look, 1000);
};
say('Live');
look();
`;
