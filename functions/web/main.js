// The page at `/`: who is asking, what they can do next, and what is running.

import { get, isSignedIn, whenSignedOut } from './api.js';
import * as entry from './entry.js';
import * as desk from './desk.js';
import { samplePeople, schoolClock, signIn, signOut } from './session.js';
import { facts, steps } from './steps.js';
import * as study from './study.js';
import { card, day, during, h, instant, plain, say, show } from './view.js';

const page = document.getElementById('page');
const who = document.getElementById('who');
const welcome = [...page.childNodes];
const people = samplePeople();
const kinds = { ...entry, ...study, ...desk };

/** Shows children as the page, with the focus on the first heading. */
function turn(...children) {
  page.replaceChildren(...children.filter(Boolean));
  page.removeAttribute('aria-busy');
}

/** For visitors: what the school is, and, on one machine, whom to be. */
async function visit() {
  who.replaceChildren();
  const known = await people;
  turn(...welcome, known.length > 0 && card('Try it', 'Sign in as a sample person', chooser(known)));
}

function chooser(known) {
  const box = h('div');
  const button = ({ email, name, roles }) =>
    h(
      'li',
      {},
      h(
        'button',
        {
          type: 'button',
          click: () =>
            during(box, async () => {
              await signIn(email);
              await greet();
            }),
        },
        name ?? email,
        h('small', {}, roles.map(plain).join(', ') || 'student'),
      ),
    );
  box.append(h('ul', { class: 'people' }, known.map(button)));
  return box;
}

/** For those who signed in: the next steps. What was just done is said first. */
async function greet(done) {
  page.setAttribute('aria-busy', 'true');
  try {
    const [known, sample] = await Promise.all([facts(), people]);
    const { person } = known;
    who.replaceChildren(
      `${person.name ?? 'Signed in'} · `,
      h(
        'button',
        {
          class: 'quiet',
          type: 'button',
          click: () => {
            signOut();
            visit();
          },
        },
        'Sign out',
      ),
    );
    const local = sample.length > 0;
    const shown = steps(known).map((step, index) => {
      const element = kinds[step.kind]({ ...known, ...step, local }, greet);
      if (index === 0) element.classList.add('now');
      return element;
    });
    const first = person.name?.split(' ')[0];
    const title = h('h1', { tabindex: '-1' }, first ? `Hello, ${first}` : 'Hello');
    turn(title, done && h('p', { class: 'note' }, done), ...shown);
    title.focus();
    if (done) say(done);
    tellTime(known.clock);
  } catch (error) {
    if (!isSignedIn()) return;
    turn(h('h1', {}, 'One moment'), h('button', { type: 'button', click: () => greet() }, 'Try again'));
    show(page, error);
  }
}

function tellTime({ now, simulated }) {
  const words = simulated
    ? `The school’s clock is simulated and stands at ${day(now)}, ${instant(now, 'UTC').slice(-5)} UTC.`
    : '';
  document.getElementById('now').textContent = words;
}

/** What is running, asked for only when somebody looks. */
async function running(event) {
  const list = event.target.querySelector('dl');
  if (!event.target.open || list.hasChildNodes()) return;
  const row = (name, value) => list.append(h('dt', {}, name), h('dd', {}, value));
  const health = await get('/healthz').then(
    () => 'healthy',
    () => 'not healthy',
  );
  const described = await get('/openapi.json').catch(() => null);
  row('School', health);
  row(
    'API',
    described
      ? h('a', { href: '/openapi.json' }, `${described.info.title} ${described.info.version}`)
      : 'not described',
  );
  row('Keys', h('a', { href: '/.well-known/jwks.json' }, 'to verify a degree offline'));
  tellTime(await schoolClock());
}

whenSignedOut(visit);
document.getElementById('running').addEventListener('toggle', running);
if (isSignedIn()) greet();
else visit();
schoolClock().then(tellTime);
