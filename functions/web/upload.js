// A file on its way to the school: summed here, sent in parts that survive a broken line, checked there.

import { Problem, call, get, post } from './api.js';
import { sha256 } from './sha256.js';

/** How often a part is sent before the student is asked to try again. */
const TRIES_MAX = 6;

/** Waits. */
export const pause = (ms, signal) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        reject(signal.reason);
      },
      { once: true },
    );
  });

/**
 * Sends a file for a submission and answers its key, once the school has checked its bytes.
 * `progress({ phase, done })` tells `reading`, `sending` or `checking`, and which share of it is
 * done. The same file, chosen again after the page was closed, goes on where it stopped.
 */
export async function send(file, subject, { progress, signal }) {
  progress({ phase: 'reading', done: 0 });
  const sum = await sha256(file, (done) => progress({ phase: 'reading', done }), signal);
  const remembered = `upload ${subject} ${sum}`;
  const upload = (await resumed(remembered)) || (await begun(file, subject, sum, signal));
  localStorage.setItem(remembered, upload.id);
  try {
    if (upload.state === 'open')
      await sendParts(file, upload, (done) => progress({ phase: 'sending', done }), signal);
    progress({ phase: 'checking', done: 1 });
    await verified(upload.id, signal);
  } catch (error) {
    if (error.code === 'refused') localStorage.removeItem(remembered);
    throw error;
  }
  localStorage.removeItem(remembered);
  return upload.key;
}

/** An upload of the same bytes that was begun before, if it can still go on. */
async function resumed(remembered) {
  const id = localStorage.getItem(remembered);
  const upload =
    id &&
    (await get(`/v1/uploads/${id}`).catch((problem) => {
      if (problem.code === 'unreachable') throw problem;
    }));
  return upload && ['open', 'arrived', 'verified'].includes(upload.state) ? upload : null;
}

/** A new upload. A type that the school does not take goes as plain bytes. */
async function begun(file, subject, sum, signal) {
  const ask = (type) => {
    const body = { purpose: 'submission', subject, filename: file.name, type, size: file.size, sha256: sum };
    return post('/v1/uploads', body, { signal });
  };
  const type = /zip/.test(file.type) ? 'application/zip' : file.type || 'application/octet-stream';
  try {
    return await ask(type);
  } catch (problem) {
    if (!problem.errors?.some((fault) => fault.pointer === '/type')) throw problem;
    return ask('application/octet-stream');
  }
}

/** Sends what has not arrived, part by part: on a slow line, one part at a time loses least. */
async function sendParts(file, upload, progress, signal) {
  const multipart = `${upload.endpoint}/s3/multipart`;
  const { key, uploadId } = await patiently(
    () => post(multipart, { filename: file.name, type: file.type, metadata: {} }, { signal }),
    signal,
  );
  const query = `?key=${encodeURIComponent(key)}`;
  const arrived = await patiently(() => get(`${multipart}/${uploadId}${query}`, { signal }), signal);
  const whole = new Set(arrived.map((part) => part.PartNumber));
  const count = Math.max(1, Math.ceil(file.size / upload.part_size));
  let sent = 0;
  for (let number = 1; number <= count; number += 1) {
    const part = file.slice((number - 1) * upload.part_size, number * upload.part_size);
    if (!whole.has(number)) {
      await patiently(async () => {
        const { url } = await get(`${multipart}/${uploadId}/${number}${query}`, { signal });
        await put(url, part, (bytes) => progress((sent + bytes) / file.size), signal);
      }, signal);
    }
    sent += part.size;
    progress(sent / file.size);
  }
  await patiently(() => post(`${multipart}/${uploadId}/complete${query}`, {}, { signal }), signal);
}

/** One part by XMLHttpRequest, which tells how far it is; answers its ETag. */
export function put(url, part, progress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    const end = (settle, value) => {
      signal.removeEventListener('abort', stop);
      settle(value);
    };
    request.open('PUT', url);
    request.upload.addEventListener('progress', (event) => progress(event.loaded));
    request.addEventListener('load', () => {
      if (request.status < 300) end(resolve, request.getResponseHeader('ETag'));
      else end(reject, new Problem(request.status, { detail: 'The store did not take a part of the file.' }));
    });
    request.addEventListener('error', () =>
      end(
        reject,
        new Problem(0, {
          code: 'unreachable',
          detail: 'The line broke. What arrived is kept: choose the same file again to go on.',
        }),
      ),
    );
    request.addEventListener('abort', () => end(reject, signal.reason));
    signal.addEventListener('abort', stop);
    request.send(part);
  });
}

/** Tries again after a broken line or a busy store, each time a little later. */
async function patiently(act, signal) {
  for (let tried = 1; ; tried += 1) {
    try {
      return await act();
    } catch (problem) {
      const passing =
        problem instanceof Problem &&
        (problem.status === 0 || problem.status === 429 || problem.status >= 500);
      if (signal.aborted || !passing || tried >= TRIES_MAX) throw problem;
      await pause(Math.min(30_000, 500 * 2 ** tried) * (0.5 + Math.random() / 2), signal);
    }
  }
}

/** Waits until the school has read all bytes, or says why it does not take them. */
export async function verified(id, signal) {
  for (let waited = 500; ; waited = Math.min(5_000, waited * 1.5)) {
    const { state, reason } = await patiently(() => get(`/v1/uploads/${id}`, { signal }), signal);
    if (state === 'verified') return;
    if (state !== 'arrived') {
      throw new Problem(0, { code: 'refused', detail: reason || 'The file was not taken. Choose it again.' });
    }
    await pause(waited, signal);
  }
}

/** The draft to work on: the open one, or a new one. */
export async function draft(enrollment, project) {
  const path = `/v1/enrollments/${enrollment}/projects/${project}/submissions`;
  return (await call('POST', path, { body: {} })).data;
}
