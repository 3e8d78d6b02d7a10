/**
 * The script of Globex's pages: all that an app on a domain of its own needs in the browser, and some to show what it did.
 *
 * @param gateway Public URL of the gateway, which serves the module that this one stands on.
 * @param clientId Globex at the gateway.
 */
export const globexScript = (gateway: string, clientId: string): string => `
import { createSso } from ${JSON.stringify(`${gateway}/browser.js`)};

const sso = createSso({
  gateway: ${JSON.stringify(gateway)},
  clientId: ${JSON.stringify(clientId)},
  poll: 5,
  onSignedOut: () => location.replace('/bye?elsewhere=1'),
});

document.getElementById('sign-in')?.addEventListener('submit', (event) => {
  event.preventDefault();
  sso.signIn();
});

// For show: which way was it? An answer of the frame is a message, one of FedCM is none.
let way = 'fedcm';
addEventListener('message', ({ origin, data }) => {
  if (origin === ${JSON.stringify(new URL(gateway).origin)} && data?.type === 'sso:result' && data.code) way = 'frame';
});
const live = document.getElementById('live');
const says = {
  'signed-in': 'Live: signed in. This page looks every 5 seconds whether that is still so.',
  'signed-out': 'Live: nobody is signed in at Acme.',
  unknown: 'Live: this browser does not tell this page whether anybody is signed in at Acme.',
};
const tell = (state) => {
  if (live) live.textContent = says[state];
  const noted = /(?:^|; )globex_way=page\\.(\\d+)/.exec(document.cookie);
  if (state === 'signed-in' && noted) document.cookie = 'globex_way=' + way + '.' + noted[1] + '; path=/; max-age=43200; secure; samesite=lax';
};
sso.onChange(tell);

const state = await sso.check();
tell(state);
const frame = document.getElementById('frame-button');
if (frame && state !== 'signed-in') {
  frame.closest('[hidden]')?.removeAttribute('hidden');
  sso.button(frame);
}
`;
