// What a person can do next, from what the school says about them.

import { get, getOr, list } from './api.js';
import { me, schoolClock } from './session.js';

/** How far ahead meetings are shown. */
const DAYS_AHEAD = 14;

/** Everything the page shows a person, in as few round trips as the answers allow. */
export async function facts() {
  const [person, clock, lines] = await Promise.all([me(), schoolClock(), list('/v1/enrollments')]);
  const from = clock.now.toISOString();
  const to = new Date(clock.now.getTime() + DAYS_AHEAD * 86_400_000).toISOString();
  const own = lines.filter((line) => line.student === person.id);
  const current = own.find((line) => !['completed', 'withdrawn'].includes(line.state));
  const shown = current ?? own.at(-1);
  const judges = person.roles.some((role) => role === 'mentor' || role === 'juror');
  const active = judges || shown;
  const [enrollment, edition, editions, sessions, submissions, defenses, queue] = await Promise.all([
    shown ? get(`/v1/enrollments/${shown.id}`) : null,
    shown ? getOr(`/v1/editions/${shown.edition}`, null) : null,
    current || person.roles.length > 0 ? [] : list('/v1/editions'),
    active ? list(`/v1/sessions?from=${from}&to=${to}`) : [],
    active ? list('/v1/submissions') : [],
    active ? list('/v1/defenses') : [],
    person.roles.includes('staff') ? getOr('/v1/admin/queue', null) : null,
  ]);
  return { person, clock, enrollment, edition, editions, sessions, submissions, defenses, queue };
}

/** The next steps, the most pressing first: `{ kind, ... }` with what each one needs. */
export function steps(known) {
  const { person, enrollment } = known;
  const staff = person.roles.includes('staff') ? [{ kind: 'queue', queue: known.queue }] : [];
  const ends = !enrollment || ['completed', 'withdrawn'].includes(enrollment.state);
  const study = ends ? entry(known) : student(known);
  return [...study, ...meetings(known), ...mentor(known), ...juror(known), ...staff];
}

/** The way in, for those who have no role. */
function entry({ person, enrollment, editions }) {
  const graduated = enrollment?.state === 'completed' ? [{ kind: 'graduated', enrollment }] : [];
  if (person.roles.length > 0) return graduated;
  if (!person.name || !person.address) return [...graduated, { kind: 'profile' }];
  return [...graduated, { kind: 'enroll', editions }];
}

function student({ enrollment, edition, submissions, defenses }) {
  const attempt = openAttempt(enrollment);
  const project = attempt && edition?.projects.find((known) => known.id === attempt.project);
  const of = (thing) => attempt && thing.project === attempt.project && thing.enrollment === enrollment.id;
  const path = enrollment.attempts.length > 0 ? [{ kind: 'path', enrollment, edition }] : [];
  const last = submissions
    .filter(of)
    .filter((known) => known.state !== 'draft')
    .sort((a, b) => b.version - a.version)[0];
  const defense = attempt?.defense && defenses.find((known) => known.id === attempt.defense);
  const step = { attempt, project, enrollment, last, defense };
  switch (enrollment.state) {
    case 'quoted':
      return [{ kind: 'accept', enrollment }];
    case 'paused':
      return [
        { kind: 'wait', word: 'Paused', text: 'Nothing is due while you are away. Your work is kept.' },
        ...path,
      ];
    case 'suspended':
      return [
        {
          kind: 'wait',
          word: 'Stopped',
          text: 'Study is stopped until an open invoice is paid, or staff lets it go on.',
        },
        ...path,
      ];
    case 'award_pending':
      return [
        {
          kind: 'wait',
          word: 'Every project is done',
          text: 'The school now decides about your award. Nothing more is billed.',
        },
        ...path,
      ];
    default:
      return [...(attempt ? [projectStep(step)] : []), ...path];
  }
}

/** The project being worked on or judged. */
export const openAttempt = ({ attempts }) =>
  attempts.find(({ state }) => !['locked', 'validated', 'exempted', 'annulled'].includes(state));

function projectStep(step) {
  switch (step.attempt.state) {
    case 'available':
    case 'in_progress':
    case 'changes_requested':
    case 'rework':
      return { kind: 'handIn', ...step };
    default:
      return { kind: 'judged', ...step };
  }
}

function meetings({ sessions, person }) {
  const next = sessions
    .filter(({ state }) => state === 'booked' || state === 'in_progress')
    .sort((a, b) => a.starts_at.localeCompare(b.starts_at))[0];
  return next ? [{ kind: 'session', session: next, person }] : [];
}

function mentor({ person, submissions }) {
  if (!person.roles.includes('mentor')) return [];
  const waiting = submissions.filter(({ state }) => state === 'sealed');
  return [{ kind: 'assess', submissions: waiting }];
}

function juror({ person, defenses }) {
  const mine = defenses.filter(
    ({ juror: judge, state }) =>
      judge === person.id &&
      ['juror_assigned', 'scheduled', 'in_progress', 'awaiting_verdict', 'conditional'].includes(state),
  );
  // A recording that waits here to be sent is shown, however its defense stands by now.
  const waits = person.roles.includes('juror') && localStorage.getItem('recordings');
  return mine.length > 0 || waits ? [{ kind: 'hear', defenses: mine, person }] : [];
}
