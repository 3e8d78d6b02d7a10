import { describe, expect, it } from 'vitest';
import { asSessionId } from '../../shared/identity.ts';
import { createKeyring, generateKeyFile } from '../../shared/keys/keyring.ts';
import { openMonitorTicket, readMonitor, sealMonitorTicket, writeMonitor } from './monitor.ts';

const now = 1_800_000_000;
const name = '__Host-sso_mon';
const keys = createKeyring(JSON.stringify(generateKeyFile('EdDSA'))).sealing;
const globex = { sid: asSessionId('sid'), clientId: 'globex' };
const initech = { ...globex, clientId: 'initech' };
const ticket = await sealMonitorTicket(globex, keys, now, now + 300);
const written = await writeMonitor(globex, name, keys, now, now + 3600);
const pair = written.split(';')[0] ?? '';
const others = (await writeMonitor(initech, name, keys, now, now + 3600)).split(';')[0] ?? '';

describe('a monitor ticket', () => {
  it.each<[string, string, string, number, boolean]>([
    ['opens for its app', ticket, 'globex', now, true],
    ['opens in its last second', ticket, 'globex', now + 299, true],
    ['is over with its ID token', ticket, 'globex', now + 300, false],
    ['is nothing to another app', ticket, 'initech', now, false],
    ['is not the cookie', pair.slice(name.length + 1), 'globex', now, false],
    ['is not the name of a session', 'sid', 'globex', now, false],
  ])('%s', async (_, text, clientId, at, opens) => {
    expect(await openMonitorTicket(text, clientId, keys, at)).toEqual(
      opens ? expect.objectContaining(globex) : undefined,
    );
  });
});

describe('the monitor cookie', () => {
  it('stays with the site around the frame', () => {
    expect(written).toMatch(/; Path=\/; Max-Age=3600; Secure; HttpOnly; SameSite=None; Partitioned$/);
  });

  it.each<[string, string | undefined, string, number, boolean]>([
    ['is read by its app', pair, 'globex', now, true],
    ["is found beside another app's", `${others}; ${pair}`, 'globex', now, true],
    ['is nothing to another app', pair, 'initech', now, false],
    ['goes when the session ends', pair, 'globex', now + 3600, false],
    ['is not the ticket', `${name}=${ticket}`, 'globex', now, false],
    ['may be absent', undefined, 'globex', now, false],
  ])('%s', async (_, header, clientId, at, known) => {
    expect(await readMonitor(header, name, clientId, keys, at)).toEqual(
      known ? expect.objectContaining(globex) : undefined,
    );
  });
});
