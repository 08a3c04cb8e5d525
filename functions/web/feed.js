// A recording's way to the school: part by part while it goes on, and as often as it takes.

import { Problem, get, post } from './api.js';
import { bytes } from './chunks.js';
import { digits } from './sha256.js';
import { put, verified } from './upload.js';

/** The longest wait between two tries. */
const WAIT_MILLIS_MAX = 30_000;
/** A line over which nothing moves for so long is broken. */
const STALL_MILLIS = 120_000;
/** No answer, an endpoint or a URL that has ended, too late, too many. */
const PASSING = [0, 403, 408, 429];

/** Sends a recording, and answers once the school has checked every byte of it. */
export async function feed(recording, signal) {
  for (let failed = 0; ; failed += 1) {
    const moved = () => {
      failed = 0;
    };
    try {
      return await sent(recording, moved, signal);
    } catch (problem) {
      if (signal.aborted || !passes(problem)) throw problem;
      // The endpoint has ended: the next try reads the upload for a new one, and need not wait.
      if (problem.status !== 403 || failed > 0) await recording.wait(wait(failed), signal);
    }
  }
}

/** A second, two, four and so on, a little shorter by chance, so that not all come at once. */
const wait = (failed) => Math.min(WAIT_MILLIS_MAX, 1_000 * 2 ** failed) * (0.75 + Math.random() / 4);

/** Whether another try may go well. */
function passes(problem) {
  if (!(problem instanceof Problem) || problem.code === 'refused') return false;
  const { status, code } = problem;
  return PASSING.includes(status) || status >= 500 || code === 'upload_incomplete' || code === 'changed';
}

async function sent(recording, moved, signal) {
  const upload = await open(recording, signal);
  if (upload.state === 'open') await sendParts(recording, upload, moved, signal);
  recording.tell({ phase: 'checking', sent: recording.known.size });
  await verified(upload.id, signal);
}

/** The upload of a recording: opened if there is none, else read, which gives a new endpoint. */
export async function open(recording, signal) {
  const { known } = recording;
  if (!known.upload) {
    const { defense: subject, filename, type } = known;
    const upload = await post('/v1/uploads', { purpose: 'recording', subject, filename, type }, { signal });
    await recording.change({ upload: upload.id });
    return upload;
  }
  const upload = await get(`/v1/uploads/${known.upload}`, { signal });
  if (upload.state !== 'abandoned') return upload;
  if (known.removed > 0) throw lost('The school waited a day for the rest of this recording and gave it up.');
  await recording.change({ upload: null });
  return open(recording, signal);
}

const lost = (detail) => new Problem(410, { code: 'lost', detail });

/** Sends what the store lacks as soon as a part is full, then puts the parts together. */
async function sendParts(recording, { endpoint, part_size }, moved, signal) {
  const { id, filename, type } = recording.known;
  const multipart = `${endpoint}/s3/multipart`;
  const { key, uploadId } = await post(multipart, { filename, type, metadata: {} }, { signal });
  const query = `?key=${encodeURIComponent(key)}`;
  const listed = await get(`${multipart}/${uploadId}${query}`, { signal });
  const sizes = new Map(listed.map((part) => [part.PartNumber, part.Size]));
  for (let number = 1, from = 0; ; number += 1) {
    const to = await recording.reach(number * part_size, signal);
    if (to === from) break;
    if (sizes.get(number) !== to - from) {
      const part = await bytes(id, from, to);
      if (part.size !== to - from) throw lost(`Part ${number} is neither here nor at the school any more.`);
      const url = () => get(`${multipart}/${uploadId}/${number}${query}`, { signal });
      await sendPart(url, part, (done) => recording.tell({ sent: from + done }), signal);
      moved();
    }
    await recording.arrived(to);
    from = to;
  }
  const told = { size: recording.known.size, sha256: digits(recording.known.sum) };
  await post(`${multipart}/${uploadId}/complete${query}`, told, { signal });
}

/** One part; of all tabs and recordings one at a time. It counts once the store has named its ETag. */
function sendPart(sign, part, progress, signal) {
  return navigator.locks.request('a part of a recording', { signal }, async () => {
    const { url } = await sign();
    const etag = await steadily((alive, steady) => {
      const tell = (done) => {
        alive();
        progress(done);
      };
      return put(url, part, tell, steady);
    }, signal);
    // Something that is not the store may have answered: the next try asks for the list of parts.
    if (!etag) throw new Problem(0, { code: 'unreachable', detail: 'The store did not confirm a part.' });
  });
}

/** Runs an act until nothing has moved for too long. */
async function steadily(act, signal) {
  const stalled = new AbortController();
  const end = () => stalled.abort(new Problem(0, { code: 'unreachable', detail: 'The line is silent.' }));
  let timer;
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(end, STALL_MILLIS);
  };
  alive();
  try {
    return await act(alive, AbortSignal.any([signal, stalled.signal]));
  } finally {
    clearTimeout(timer);
  }
}
