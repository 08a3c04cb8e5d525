// Who is asking. On one machine, anybody may sign in as a sample person.

import { call, get, post, speakAs } from './api.js';

/** The people one can sign in as; none outside the local stack. */
export async function samplePeople() {
  try {
    return (await get('/dev/people')).items;
  } catch {
    return [];
  }
}

/** Where the school's clock stands: `{ now, simulated }`. */
export async function schoolClock() {
  try {
    const { now, simulated } = await get('/dev/clock');
    return { now: new Date(now), simulated };
  } catch {
    return { now: new Date(), simulated: false };
  }
}

/** Signs in as a sample person. */
export async function signIn(email) {
  speakAs((await post('/dev/tokens', { person: email })).token);
}

/** Forgets who is asking, and what they meant to do. A camera that records for them is let go of. */
export function signOut() {
  window.dispatchEvent(new Event('signed-out'));
  speakAs(null);
  sessionStorage.clear();
}

/** The profile of whoever is asking, with the revision that a change of it names. */
export async function me() {
  const { data, etag } = await call('GET', '/v1/people/me');
  return { ...data, etag };
}

/** Writes one's own profile. */
export async function keepMe(person, changes) {
  const { name, address, time_zone, languages } = { ...person, ...changes };
  const body = { name, address, time_zone, languages };
  await call('PUT', '/v1/people/me', { body, headers: { 'If-Match': person.etag } });
}
