// What mentors, jurors and staff have on their desks.

import { get, post } from './api.js';
import { card, field, form, h, instant, plain, words } from './view.js';

/** Work that waits for its mentor. */
export function assess({ submissions }, refresh) {
  if (submissions.length === 0)
    return card('Mentor', 'Nothing to read', h('p', { class: 'soft' }, 'No submission waits for you.'));
  return card(
    'Mentor',
    `${submissions.length} to read`,
    submissions.map((known) => work(known, refresh)),
  );
}

function work({ id, project, version, enrollment, sealed_at }, refresh) {
  const inside = h('div');
  const box = h(
    'details',
    {},
    h('summary', {}, `${plain(project)}, version ${version}, since ${instant(sealed_at)}`),
    inside,
  );
  box.addEventListener('toggle', async () => {
    if (!box.open || inside.hasChildNodes()) return;
    inside.append('Loading…');
    try {
      const [{ deliverables, links }, place] = await Promise.all([
        get(`/v1/submissions/${id}`),
        get(`/v1/enrollments/${enrollment}`),
      ]);
      const edition = await get(`/v1/editions/${place.edition}`);
      const files = deliverables.map(({ name, url }) =>
        h('li', {}, h('a', { href: url, download: true }, name)),
      );
      const criteria = edition.projects.find((known) => known.id === project)?.criteria ?? [];
      inside.replaceChildren(
        h(
          'ul',
          {},
          files,
          links.map((link) => h('li', {}, h('a', { href: link, rel: 'noopener' }, link))),
        ),
        judgment(id, criteria, refresh),
      );
    } catch (problem) {
      inside.replaceChildren(problem.message);
    }
  });
  return box;
}

/** One word on each criterion; what they come to follows from them. */
function judgment(id, criteria, refresh) {
  const line = (criterion) => {
    const choice = (value, label) =>
      h(
        'label',
        { class: 'check' },
        h('input', { type: 'radio', name: criterion.id, value, required: true }),
        label,
      );
    return h(
      'fieldset',
      {},
      h('legend', {}, words(criterion.text)),
      choice('acquired', 'Shown'),
      choice('not_yet', 'Not yet'),
      field('Note', h('input', { name: `${criterion.id}-note`, maxlength: 1000 })),
    );
  };
  return form(
    async (data) => {
      const verdicts = criteria.map(({ id: criterion }) => ({
        criterion,
        verdict: data.get(criterion),
        note: data.get(`${criterion}-note`) || '',
      }));
      const decision = verdicts.every(({ verdict }) => verdict === 'acquired')
        ? 'accepted'
        : 'changes_requested';
      await post(`/v1/submissions/${id}/assessment`, { decision, verdicts });
      await refresh(
        decision === 'accepted'
          ? 'Accepted. A defense can be asked for.'
          : 'Your student reads your notes next.',
      );
    },
    criteria.map(line),
    h('p', { class: 'soft' }, 'It is accepted once every point is shown.'),
    h('button', {}, 'Give your judgment'),
  );
}

/** Defenses to judge, and their recordings. */
export function hear({ defenses, person }) {
  const line = ({ project, state, starts_at }) =>
    h('li', {}, `${plain(project)}: ${starts_at ? instant(starts_at, person.time_zone) : plain(state)}`);
  const box = h('div');
  const going = defenses.filter(({ state }) => state === 'in_progress');
  // Only those who record load what records.
  if (going.length > 0 || localStorage.getItem('recordings'))
    import('./booth.js').then(
      ({ booth }) => booth(box, going, person),
      () => box.append('What records could not be loaded. Load this page again.'),
    );
  return card('Juror', 'Defenses to hear', defenses.length > 0 && h('ul', {}, defenses.map(line)), box);
}

/** What the system does by itself: what was given up first. */
export function queue({ queue: known }) {
  const line = ({ kind, due_at, last_error }) =>
    h('li', {}, `${plain(kind)}, ${instant(due_at, 'UTC')}${last_error ? `: ${last_error}` : ''}`);
  const part = (title, things, told = line) =>
    things.length > 0 &&
    h('details', {}, h('summary', {}, `${things.length} ${title}`), h('ul', {}, things.map(told)));
  const letter = ({ about, to, given_up_at, reason }) =>
    h('li', {}, `${plain(about)} to ${to}, ${instant(given_up_at, 'UTC')}: ${reason}`);
  const { waiting = [], held = [], dead = [], undelivered = [] } = known ?? {};
  return card(
    'Staff',
    dead.length > 0 ? 'Jobs were given up' : 'The queue is well',
    part('given up', dead),
    part('letters that nobody got', undelivered, letter),
    part('running or to be tried again', held),
    part('waiting', waiting),
  );
}
