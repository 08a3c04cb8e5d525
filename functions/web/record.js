// The recording of a defense: kept here as it comes, sent while it goes on, finished after a reload.

import { append, bytes, change, find, forget, keep, removeBefore, unfinished } from './chunks.js';
import { feed, open } from './feed.js';
import { capture, checkRoom, recordedType, release } from './media.js';
import { NOTHING, added } from './sha256.js';
import { pause } from './upload.js';

/** How much of a recording a crash may cost. */
const CHUNK_MILLIS = 3_000;
/** An hour has about 0.9 GB. */
const BITS_PER_SECOND = { videoBitsPerSecond: 2_000_000, audioBitsPerSecond: 64_000 };
/** How long a recording waits for its upload before it begins without one. */
const OPEN_MILLIS_MAX = 5_000;
/** How often a full disk is tried again. */
const FULL_MILLIS = 2_000;

/** Those that this page is at, by id. */
const running = new Map();

/**
 * A recording: what is known of it, and how far it is. `phase` is `recording`, `sending`,
 * `checking`, `done`, `elsewhere` (another tab is at it), `empty`, `stuck` or `removed`; `change`
 * events tell of every step.
 */
export class Recording extends EventTarget {
  /** Bytes that the store has. */
  sent = 0;
  phase = 'elsewhere';
  /** When sending is tried again, by `performance.now()`, while the line is broken. */
  again = null;
  /** Whether what comes finds no room on this device. */
  full = false;
  /** Whether a picture or a sound ended on its own. */
  silent = false;
  /** Why it is stuck. */
  problem = null;
  #recorder = null;
  #begun = 0;
  /** What comes is kept in its order. */
  #kept = Promise.resolve();
  /** When the last chunk is kept. */
  #over = null;
  #leave = new AbortController();

  constructor(known) {
    super();
    this.known = known;
    this.sent = known.removed;
  }

  /** What is recorded now, to be looked at. */
  get stream() {
    return this.#recorder?.stream;
  }

  /** How long it is. */
  get seconds() {
    const going = this.phase === 'recording' && this.#recorder;
    return Math.floor((going ? performance.now() - this.#begun : this.known.millis) / 1000);
  }

  /** Whether bytes would be lost or delayed by leaving the page. */
  get isBusy() {
    return ['recording', 'sending'].includes(this.phase);
  }

  /** Changes how far it is, and says so. */
  tell(changes) {
    Object.assign(this, changes);
    this.dispatchEvent(new Event('change'));
  }

  /** Changes what is known of it, here and after a reload. */
  async change(changes) {
    this.known = await change(this.known.id, changes);
    this.tell({});
  }

  /** Waits until it has so many bytes, or has ended; answers how many of them there are. */
  async reach(to, signal) {
    while (!this.known.ended && this.known.size < to) await this.#next('change', signal);
    return Math.min(to, this.known.size);
  }

  /** The store has everything before a place: it need not be kept here any more. */
  async arrived(to) {
    if (to <= this.known.removed) return;
    await removeBefore(this.known.id, to);
    await this.change({ removed: to });
    this.tell({ sent: to });
  }

  /** Waits before sending is tried again; less when the line comes back, or somebody asks for it. */
  async wait(millis, signal) {
    this.tell({ again: performance.now() + millis });
    const woken = new AbortController();
    const wake = () => woken.abort();
    const either = AbortSignal.any([signal, woken.signal]);
    window.addEventListener('online', wake, { signal: either });
    this.addEventListener('hurry', wake, { signal: either });
    await pause(millis, either).catch(() => {});
    woken.abort();
    this.tell({ again: null });
    signal.throwIfAborted();
  }

  /** Sends at once what waits for its next try. */
  hurry() {
    this.dispatchEvent(new Event('hurry'));
  }

  #next(event, signal) {
    return new Promise((resolve, reject) => {
      const left = () => reject(signal.reason);
      const come = () => {
        signal.removeEventListener('abort', left);
        resolve();
      };
      this.addEventListener(event, come, { once: true, signal });
      signal.addEventListener('abort', left, { once: true });
    });
  }

  /** Records a stream until it is stopped. */
  record(stream, mimeType) {
    const recorder = new MediaRecorder(stream, { mimeType, ...BITS_PER_SECOND });
    this.#recorder = recorder;
    this.#over = new Promise((resolve) => this.addEventListener('over', resolve, { once: true }));
    this.#begun = performance.now();
    recorder.addEventListener('dataavailable', ({ data }) => {
      const millis = performance.now() - this.#begun;
      this.#kept = this.#kept.then(() => this.#keep(data, millis));
    });
    recorder.addEventListener('stop', () => {
      release(stream);
      this.#kept = this.#kept.then(() => this.#ended());
    });
    const silent = () => recorder.state === 'recording' && this.tell({ silent: true });
    stream.getTracks().forEach((track) => track.addEventListener('ended', silent));
    recorder.start(CHUNK_MILLIS);
    this.tell({ phase: 'recording' });
  }

  /** Ends what is recorded now. */
  stop() {
    if (this.#recorder?.state === 'recording') this.#recorder.stop();
  }

  /** Keeps a chunk; where there is no room it waits, in memory, until sent parts have made some. */
  async #keep(data, millis) {
    const chunk = new Uint8Array(await data.arrayBuffer());
    if (chunk.length === 0) return;
    const { id, size } = this.known;
    const changes = { size: size + chunk.length, sum: added(this.known.sum, chunk), millis };
    for (;;) {
      try {
        this.known = await append(id, size, chunk, changes);
        return this.tell({ full: false });
      } catch {
        this.tell({ full: true });
        await pause(FULL_MILLIS);
      }
    }
  }

  async #ended() {
    this.#recorder = null;
    await this.change({ ended: true });
    if (this.phase === 'recording') this.tell({ phase: this.problem ? 'stuck' : 'sending' });
    this.dispatchEvent(new Event('over'));
  }

  /** Sends it until the school has checked every byte, as soon as no other tab is at it. */
  run() {
    const { signal } = this.#leave;
    const act = async () => {
      await this.#send(signal);
      await this.#over;
    };
    navigator.locks.request(`recording ${this.known.id}`, { signal }, act).catch(() => {});
  }

  async #send(signal) {
    try {
      if (this.problem) this.tell({ problem: null });
      if (!this.#recorder && !(await this.#found())) return;
      await feed(this, signal);
      await this.forget();
      this.tell({ phase: 'done' });
    } catch (problem) {
      if (signal.aborted) return;
      this.tell({ phase: this.#recorder ? 'recording' : 'stuck', again: null, problem });
    }
  }

  /** Looks at what another page has left; a recording that was cut off has ended. */
  async #found() {
    const known = await find(this.known.id);
    const cut = known?.cut || known?.ended === false;
    if (known) this.known = await change(known.id, { ended: true, cut });
    if (this.known.size === 0) await this.forget();
    const nothing = this.known.size === 0 ? 'empty' : 'done';
    const going = known && this.known.size > 0;
    this.tell({ phase: going ? 'sending' : nothing, sent: this.known.removed });
    return going;
  }

  /** Tries again what was refused. */
  retry() {
    if (!this.problem) return;
    if (this.#recorder) this.#send(this.#leave.signal);
    else this.run();
  }

  /** Lets go of camera and line: whoever recorded has left. Nothing that is kept is removed. */
  leave() {
    this.stop();
    this.#leave.abort();
    running.delete(this.known.id);
  }

  /** Removes it from this browser. */
  async forget() {
    await forget(this.known.id);
    running.delete(this.known.id);
  }

  /** What is left of it here, as a file. */
  async rest() {
    const blob = await bytes(this.known.id, this.known.removed, this.known.size);
    return new File([blob], this.known.filename, { type: this.known.type });
  }
}

/** Begins to record a defense. A line that is broken now does not hinder it; a refusal does. */
export async function begin({ id: defense, project }, person, screen) {
  const mimeType = recordedType();
  await checkRoom();
  const stream = await capture(screen);
  try {
    const type = mimeType.split(';')[0];
    const filename = `defense-${project}.${type.split('/')[1]}`;
    const known = { id: crypto.randomUUID(), person, defense, project, filename, type, upload: null };
    Object.assign(known, { size: 0, removed: 0, millis: 0, sum: NOTHING, ended: false });
    await keep(known);
    const recording = new Recording(known);
    await open(recording, AbortSignal.timeout(OPEN_MILLIS_MAX)).catch(async (problem) => {
      if (!(problem.status >= 400 && problem.status < 500)) return;
      await recording.forget();
      throw problem;
    });
    running.set(known.id, recording);
    recording.record(stream, mimeType);
    recording.run();
    return recording;
  } catch (error) {
    release(stream);
    throw error;
  }
}

/** All that a person records or has recorded here, and the school has not checked yet. */
export async function recordings(person) {
  const known = await unfinished(person);
  for (const recording of running.values()) if (recording.known.person !== person) recording.leave();
  return known.map((one) => {
    const recording = running.get(one.id) ?? new Recording(one);
    if (!running.has(one.id)) recording.run();
    else recording.retry();
    running.set(one.id, recording);
    return recording;
  });
}

window.addEventListener('beforeunload', (event) => {
  if ([...running.values()].some((recording) => recording.isBusy)) event.preventDefault();
});
window.addEventListener('signed-out', () => [...running.values()].forEach((recording) => recording.leave()));
