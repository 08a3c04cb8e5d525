// Where a juror records a defense, and sees how far earlier recordings are.

import { begin, recordings } from './record.js';
import { during, field, form, h, plain, say, size } from './view.js';

/** Fills a box with a person's recordings, and a way to record each defense that is going on. */
export async function booth(box, defenses, person) {
  const shown = h('div');
  await during(box, async () => {
    const known = await recordings(person.id);
    shown.append(...known.map(tape));
    const going = ({ id }) => known.find((one) => one.known.defense === id && one.phase === 'recording');
    box.append(shown, ...defenses.map((defense) => start(defense, person, shown, going(defense))));
  });
}

/** The button that begins, while nothing is recorded of that defense. */
function start(defense, person, shown, going) {
  const what = h(
    'select',
    { name: 'what' },
    h('option', { value: 'screen' }, 'The screen with the meeting, and your microphone'),
    h('option', { value: 'camera' }, 'Your camera and microphone'),
  );
  const madeWay = (recording) => {
    const hide = () => {
      element.hidden = recording.phase === 'recording';
    };
    recording.addEventListener('change', hide);
    hide();
  };
  const element = form(
    async (data) => {
      const recording = await begin(defense, person.id, data.get('what') === 'screen');
      madeWay(recording);
      shown.append(tape(recording));
    },
    field(`Record: ${plain(defense.project)}`, what, 'For a screen, also allow its sound.'),
    h('button', {}, 'Record'),
  );
  if (going) madeWay(going);
  return element;
}

/** One recording: what it is at, in words that are said aloud when they change. */
function tape(recording) {
  const { known } = recording;
  const look = h('video', { autoplay: true, playsinline: true, 'aria-label': 'What is recorded' });
  look.muted = true;
  const title = h('p', { class: 'number' });
  const bar = h('progress', { max: 1, 'aria-label': 'Sent' });
  const line = h('p', { class: 'soft number' });
  const trouble = h('p', { class: 'problem', hidden: true });
  const stop = h('button', { type: 'button', click: () => recording.stop() }, 'Stop recording');
  const act = (label, click) => h('button', { type: 'button', class: 'quiet', click }, label);
  const now = act('Send now', () => recording.hurry());
  const again = act('Try again', () => recording.retry());
  const save = act('Save as a file', () => download(recording));
  const remove = act('Remove it here', () => forget(recording));
  const acts = h('div', { class: 'acts' }, stop, now, again, save, remove);
  const box = h('div', { class: 'tape', role: 'group' }, look, title, bar, line, trouble, acts);
  box.setAttribute('aria-label', `Recording: ${plain(known.project)}`);
  const draw = () => {
    const { phase, stream, problem } = recording;
    if (look.srcObject !== (stream ?? null)) look.srcObject = stream ?? null;
    look.hidden = !stream;
    box.classList.toggle('live', phase === 'recording');
    title.textContent = heading(recording);
    bar.hidden = !['recording', 'sending'].includes(phase);
    bar.value = recording.known.size && recording.sent / recording.known.size;
    line.textContent = sending(recording);
    trouble.textContent = warning(recording);
    trouble.hidden = !trouble.textContent;
    stop.hidden = phase !== 'recording';
    now.hidden = !recording.again;
    again.hidden = !problem || problem.code === 'lost';
    save.hidden = phase !== 'stuck' || recording.known.removed > 0;
    remove.hidden = phase !== 'stuck';
    aloud(recording);
  };
  const aloud = speaker();
  recording.addEventListener('change', draw);
  // Seconds pass although nothing happens.
  const timer = setInterval(() => {
    if (box.isConnected) draw();
    else leave();
  }, 1_000);
  const leave = () => {
    clearInterval(timer);
    recording.removeEventListener('change', draw);
  };
  draw();
  return box;
}

/** `12:03`, or `1:12:03`. */
function clock(seconds) {
  const two = (number) => String(number).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return `${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(seconds % 60)}`;
}

function heading({ phase, seconds, known }) {
  const length = clock(seconds);
  switch (phase) {
    case 'recording':
      return `Recording ${length}`;
    case 'elsewhere':
      return `Recorded: ${plain(known.project)}. Another tab of this browser is at it.`;
    case 'checking':
      return `Recorded ${length}. The school checks every byte…`;
    case 'done':
      return `Done: the school has all ${length}, and has checked every byte.`;
    case 'empty':
      return 'Nothing was recorded.';
    case 'removed':
      return 'Removed from this browser.';
    case 'stuck':
      return `Recorded ${length}, ${size(known.size)}. It is not at the school.`;
    default:
      return `Recorded ${length}. Keep this page open until all of it is sent.`;
  }
}

function sending({ phase, sent, again, known }) {
  if (!['recording', 'sending'].includes(phase) || known.size === 0) return '';
  const amount = sent > 0 ? `Sent ${size(sent)} of ${size(known.size)}.` : `${size(known.size)} so far.`;
  if (!again) return amount;
  const seconds = Math.max(1, Math.ceil((again - performance.now()) / 1000));
  return `${amount} The line is broken: all is kept here, sending again in ${seconds} s.`;
}

const FULL =
  'There is no room left on this device. Free some, and keep this page open: what comes is only in memory.';
const SILENT = 'A picture or a sound has ended. Stop, and record anew.';
const CUT =
  'This recording was cut off when its page closed. What it has until then is sent as it is. It cannot ' +
  'go on: if the defense does, press Record for a further one, which becomes a file of its own.';

function warning({ phase, full, silent, problem, known }) {
  const words = [
    full && FULL,
    silent && phase === 'recording' && SILENT,
    known.cut && phase === 'sending' && CUT,
    problem?.message,
  ];
  return words.filter(Boolean).join(' ');
}

/** Says what changes, without the seconds. */
function speaker() {
  let said = '';
  return ({ phase, again, problem, full }) => {
    const words = {
      recording: again ? 'The line is broken. The recording goes on and is kept here.' : 'Recording.',
      sending: again ? 'The line is broken. The recording is kept here.' : 'Sending the recording.',
      checking: 'The school checks the recording.',
      done: 'The school has all of the recording.',
      stuck: problem?.message ?? '',
    };
    const now = full ? 'There is no room left on this device.' : (words[phase] ?? '');
    if (now && now !== said) say(now);
    said = now;
  };
}

async function download(recording) {
  const file = await recording.rest();
  const url = URL.createObjectURL(file);
  h('a', { href: url, download: file.name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

async function forget(recording) {
  await recording.forget();
  recording.tell({ phase: 'removed', problem: null });
}
