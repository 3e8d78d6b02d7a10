import { html } from 'hono/html';
import { type SeedPerson, seedRoles } from '../seed.ts';
import type { WorldAddresses } from '../world-config.ts';
import type { Html } from './page.ts';

/** What stands on the start page: what this is, where to go, whom to be, what to try. */
export function startPage(at: WorldAddresses, accounts: readonly SeedPerson[]): Html {
  const [first] = accounts;
  return html`<section class="hero">
<h1>One sign-in for every app</h1>
<p class="lead">This is a small company on your own machine: two apps that know how to read its sign-in, two that have no code for it, a sign-in gateway, an app of another company on a domain of its own, a stand-in for an Amazon Cognito user pool, and a real Postgres. You sign in once, at one place, and every app knows you by the id of your row in the company’s own users table. No app ever sees a password, and whoever signs out anywhere is signed out everywhere.</p>
</section>
<nav class="doors" aria-label="Where to go">
${door('notes', `${at.notes}/`, 'Notes', 'An app on Hono. Short notes, yours alone.')}
${door('photos', `${at.photos}/`, 'Photos', 'An app on Express. Pictures, yours alone.')}
${door('wiki', `${at.wiki}/`, 'Wiki', 'An app without code for signing in, behind the gateway itself.')}
${door('docs', `${at.docs}/`, 'Docs', 'A folder of files, guarded by CloudFront’s functions.')}
${door('globex', `${at.globex}/`, 'Globex', 'Another company, another domain, the same sign-in.')}
${door('gateway', `${at.gateway}/`, 'Gateway', 'Who you are, your apps, the way out.')}
${door('pool', `${at.userPool}/outbox`, 'Outbox', 'Mail that the user pool would have sent.')}
${door('browser', '/what-happened', 'What happened', 'Each redirect, cookie, token and row, step by step.')}
</nav>
<div class="columns">
<section class="card" aria-labelledby="try"><h2 id="try">Try this</h2>
<ol class="tries">
<li><a href="${at.notes}/">Open Notes</a> and sign in as ${first?.name.split(' ')[0] ?? 'somebody'}. You land where you wanted to go.</li>
<li>Open <a href="${at.photos}/">Photos</a>, another app on another host. It knows you already.</li>
<li>Look at <a href="/what-happened">what happened</a>: no password crossed an app, and each row carries your id.</li>
<li>Open <a href="${at.globex}/">Globex</a>, which gets no cookie of this domain. It knows you too: a frame of the gateway told it, or FedCM, or a short trip there and back.</li>
<li>Open <a href="${at.wiki}/pages/welcome">the wiki</a>, which never heard of signing in: the gateway in front tells it who you are. Edit the page with a second browser beside.</li>
<li>Open <a href="${at.docs}/">Docs</a>, a few files: a function at CloudFront’s edge reads your cookie, and asks nobody.</li>
<li>In Photos, press your name and <em>Sign out everywhere</em>.</li>
<li>Go back to <a href="${at.notes}/">Notes</a>. It has forgotten you too, and so has everything that you left open: the wiki at once, Globex within five seconds.</li>
<li>Sign in as Cyd and open the <a href="${at.notes}/team">Team</a> page in Notes, or <a href="${at.wiki}/edit/lunch">edit</a> the wiki: no role, no entry.</li>
</ol></section>
<section class="card" aria-labelledby="people"><h2 id="people">Who you can be</h2>
<ul class="people">${accounts.map(
    ({
      name,
      email,
      roles,
    }) => html`<li><span class="face" aria-hidden="true">${name[0]}</span><div><strong>${name}</strong><br><code>${email}</code>
<p class="quiet small">${roles.length === 0 ? 'No roles' : roles.map((role) => `${role}: ${lowerFirst(seedRoles[role]?.says ?? '')}`).join('; ')}</p></div></li>`,
  )}</ul>
<p class="password"><span class="quiet">Password of all three</span> <code>${first?.password}</code></p>
<p class="quiet small">Or create an account of your own on the sign-in page; its code arrives in the <a href="${at.userPool}/outbox">outbox</a>.</p>
</section>
</div>`;
}

function door(actor: string, href: string, name: string, says: string): Html {
  return html`<a class="door" href="${href}"><span class="dot d-${actor}" aria-hidden="true"></span><strong>${name}</strong><span class="quiet small">${says}</span></a>`;
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
