import { decodeJwt } from 'jose';
import { afterEach, describe, expect, it } from 'vitest';
import { allIsWell, sessionOf } from './looking.testing.ts';
import { people } from './people.testing.ts';
import { handOff, redeem } from './relying-parties.testing.ts';
import { type StartSubject, subjectFor } from './subject.testing.ts';

/** How soon somebody who was disabled is out everywhere, doing nothing themselves. */
export function sentAwaySuite(start: StartSubject): void {
  describe('somebody who is disabled', () => {
    const subject = subjectFor(start);
    afterEach(async () => {
      await allIsWell(subject());
      await subject().setState(people.dan, 'active');
    });
    /** Dan in a browser, and what an app on another domain calls that session. */
    const atGlobex = async () => {
      const { parties, signedIn } = subject();
      const { browser, tab } = await signedIn(people.dan);
      const answer = await redeem(subject(), parties.globex, await handOff(subject(), parties.globex, tab));
      return { browser, sid: decodeJwt(JSON.parse(answer.body).id_token).sid };
    };
    const told = () => subject().parties.told.map(({ token }) => decodeJwt(token).sid);

    it.each(['disabled', 'deleted'] as const)(
      'or %s is signed out at apps on other domains with the news, in every browser',
      async (state) => {
        const { hear, setState } = subject();
        const [laptop, phone] = [await atGlobex(), await atGlobex()];
        await setState(people.dan, state);
        await hear();
        await expect.poll(told, { timeout: 5000 }).toEqual(expect.arrayContaining([laptop.sid, phone.sid]));
        // both processes heard, and one told
        expect(told().filter((sid) => sid === laptop.sid)).toHaveLength(1);
        await setState(people.dan, 'active');
        expect(await sessionOf(laptop.browser, subject())).toBeUndefined();
      },
    );

    it('is signed out after an outage of the directory, and nobody is during it', async () => {
      const { hear, setAvailable, setState, signedIn } = subject();
      const { sid } = await atGlobex();
      const ann = await signedIn(people.ann);
      await setState(people.dan, 'disabled');
      setAvailable('directory', false);
      await hear();
      await hear();
      expect(told()).not.toContain(sid);
      await allIsWell(subject());
      await hear();
      await expect.poll(told, { timeout: 5000 }).toContain(sid);
      expect(await sessionOf(ann.browser, subject())).toBeDefined();
    });

    it('was only given other roles, and stays', async () => {
      const { giveRoles, hear } = subject();
      const { browser, sid } = await atGlobex();
      await giveRoles(people.dan, ['admin']);
      await hear();
      expect(await sessionOf(browser, subject())).toMatchObject({ roles: ['admin'] });
      await giveRoles(people.dan, people.dan.roles);
      await hear();
      expect(told()).not.toContain(sid);
    });
  });
}
