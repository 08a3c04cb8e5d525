// Study: the work, its judgment, the path, the next meeting.

import { get, once } from './api.js';
import { draft, send } from './upload.js';
import { card, day, form, field, h, instant, money, months, plain, say, size, words } from './view.js';

/** What the mentor said about the version before. */
function returned(last, project) {
  const box = h('div', { class: 'note', hidden: true });
  const text = (id) => words(project?.criteria.find((known) => known.id === id)?.text) || plain(id);
  const tell = ({ assessment }) => {
    const notes = assessment?.verdicts.filter(({ verdict, note }) => verdict === 'not_yet' || note) ?? [];
    const line = ({ criterion, note }) => h('li', {}, `${text(criterion)}${note ? `: ${note}` : ''}`);
    box.append(h('p', {}, `What your mentor says of version ${last.version}:`), h('ul', {}, notes.map(line)));
    box.hidden = notes.length === 0;
  };
  // Without it the student can still hand in.
  if (last) get(`/v1/submissions/${last.id}`).then(tell, () => {});
  return box;
}

/** Shows and says how far an upload is. */
function telling(bar, line) {
  const said = {
    reading: 'Reading your file',
    sending: 'Sending',
    checking: 'The school checks every byte',
  };
  const begun = {};
  return ({ phase, done }) => {
    if (begun.phase !== phase) Object.assign(begun, { phase, at: performance.now(), from: done });
    if (phase === 'checking') {
      bar.removeAttribute('value');
      line.textContent = `${said.checking}…`;
      say(said.checking);
      return;
    }
    bar.value = done;
    const percent = Math.floor(done * 100);
    const rest = ((performance.now() - begun.at) / 1000) * ((1 - done) / (done - begun.from));
    line.textContent = `${said[phase]}: ${percent} %${phase === 'sending' ? left(rest) : ''}`;
    say(`${said[phase]}, ${percent - (percent % 10)} percent`);
  };
}

function left(seconds) {
  if (!Number.isFinite(seconds) || seconds < 5) return '';
  if (seconds < 90) return `, about ${Math.ceil(seconds / 10) * 10} seconds left`;
  return `, about ${Math.round(seconds / 60)} minutes left`;
}

/** Choosing a file, watching it go, handing it in. */
export function handIn({ attempt, project, enrollment, last }, refresh) {
  const title = project ? words(project.title, enrollment.language) : plain(attempt.project);
  const file = h('input', { type: 'file', name: 'file', required: true });
  const bar = h('progress', { max: 1, hidden: true, 'aria-label': 'Upload' });
  const line = h('p', { class: 'soft number' });
  const stop = h('button', { type: 'button', class: 'quiet', hidden: true, 'data-free': true }, 'Stop');
  const progress = telling(bar, line);
  const act = async () => {
    const chosen = file.files[0];
    const control = new AbortController();
    stop.onclick = () =>
      control.abort(
        new DOMException('Stopped. What arrived is kept: choose the same file to go on.', 'AbortError'),
      );
    [bar, stop].forEach((element) => {
      element.hidden = false;
    });
    file.disabled = true;
    try {
      const open = await draft(enrollment.id, attempt.project);
      const key = await send(chosen, open.id, { progress, signal: control.signal });
      await once(`/v1/submissions/${open.id}/seal`, {
        deliverables: [{ name: chosen.name.slice(0, 100), key }],
        links: [],
      });
      await refresh(`Version ${open.version} is handed in. Your mentor reads it next.`);
    } catch (error) {
      if (error.name !== 'AbortError') throw error;
      say((line.textContent = error.message));
    } finally {
      [bar, stop].forEach((element) => {
        element.hidden = true;
      });
      file.disabled = false;
    }
  };
  file.addEventListener('change', () => {
    line.textContent = file.files[0] ? size(file.files[0].size) : '';
  });
  return card(
    `Project ${enrollment.attempts.indexOf(attempt) + 1} of ${enrollment.attempts.length}`,
    title,
    returned(last, project),
    project &&
      h(
        'p',
        { class: 'soft' },
        `About ${months(project.nominal_months)}. Hand in one file, such as a zip of your work; you may hand in better versions later.`,
      ),
    form(
      act,
      field('Your work', file),
      bar,
      line,
      h('div', { class: 'acts' }, h('button', {}, 'Hand in'), stop),
    ),
  );
}

/** What is being judged, and by whom. */
export function judged({ attempt, project, enrollment, defense, person }) {
  const said = {
    under_review: 'Your mentor reads what you handed in.',
    ready_for_defense: defense
      ? 'Your defense was asked for. Somebody who does not know you will hear it.'
      : 'Accepted. Your mentor asks for your defense next.',
    defense_scheduled: 'Your defense has a time. Show your work, and answer questions about it.',
    conditional: 'Nearly there: the jury asked for something to be uploaded.',
  };
  return card(
    'Now',
    project ? words(project.title, enrollment.language) : plain(attempt.project),
    h('p', {}, said[attempt.state] ?? plain(attempt.state)),
    defense?.starts_at && h('p', { class: 'price' }, instant(defense.starts_at, person.time_zone)),
  );
}

/** The projects in their order. */
export function path({ enrollment, edition }) {
  const line = ({ project, state }) => {
    const known = edition?.projects.find(({ id }) => id === project);
    const mark = ['validated', 'exempted'].includes(state) ? 'done' : state === 'locked' ? '' : 'open';
    return h(
      'li',
      { class: mark },
      h('b', {}, known ? words(known.title, enrollment.language) : plain(project)),
      h('small', {}, state === 'locked' ? 'later' : plain(state)),
    );
  };
  const { forecast } = enrollment;
  return card(
    'Your path',
    edition ? words(edition.degree.title, enrollment.language) : plain(enrollment.edition),
    h('ol', { class: 'path' }, enrollment.attempts.map(line)),
    enrollment.state === 'active' &&
      h(
        'p',
        { class: 'note soft number' },
        `At this pace until ${day(forecast.ends_on)}: ${money(forecast.total)} in all.`,
      ),
  );
}

/** The next meeting. */
export function session({ session: { starts_at, kind, join_url }, person }) {
  return card(
    'Next meeting',
    instant(starts_at, person.time_zone),
    h('p', { class: 'soft' }, `${plain(kind)}, in your time (${person.time_zone})`),
    join_url && h('a', { class: 'button', href: join_url }, 'Join'),
  );
}

/** Nothing to do but wait. */
export const wait = ({ word, text }) => card('Now', word, h('p', {}, text));

/** The end that was worked for. */
export const graduated = () =>
  card(
    'Done',
    'You have your degree',
    h('p', {}, 'Every skill was shown, and the school signed it. Congratulations.'),
  );
