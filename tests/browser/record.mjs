// Records a defense that is in progress: node record.mjs ACT URL, with TOOLS and CHROMIUM in the
// environment. Prints what it saw as JSON; anything unexpected ends it with an error.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';

const [act, url] = process.argv.slice(2);
const { chromium } = createRequire(`${process.env.TOOLS}/package.json`)('playwright-core');

const PART_BYTES = 8 * 1024 * 1024;

const acts = {
  /** Chromium's own camera, a school that cannot be reached at first, and an endpoint that ends. */
  async camera(page, seen) {
    await page.route('**/v1/uploads', (route) => route.abort());
    await signIn(page);
    await record(page);
    await page.getByText(/^Recording 0:0[1-9]$/).waitFor();
    await page.getByText('The line is broken: all is kept here').waitFor();
    await page.unroute('**/v1/uploads');
    await page.getByRole('button', { name: 'Send now' }).click();
    await until('the upload is opened', () => seen.uploads.length === 1);
    await until('something is kept', async () => (await kept(page)).size > 0);
    await until('the endpoint has ended', () => Date.now() > seen.endsAt);
    await page.getByRole('button', { name: 'Stop recording' }).click();
    await done(page).waitFor();
    assert.equal(seen.refused, 1, 'one call to the old endpoint, then a new one');
    assert.equal((await kept(page)).length, 0, 'nothing stays in the browser');
    return recorded(seen, seen.uploads[0]);
  },

  /** A line that breaks, a page that is loaded again, and a further recording. */
  async broken(page, seen) {
    await page.addInitScript(noise);
    await signIn(page);
    await record(page);
    await until('the first part is at the store', () => seen.parts.includes(1));
    await until('its bytes are removed here', async () => (await kept(page)).removed === PART_BYTES);
    await page.route(atStore, (route) => route.abort());
    await page.getByText('The line is broken: all is kept here').waitFor();
    await until('a part waits', async () => (await kept(page)).size > 2 * PART_BYTES);
    await page.getByText(/^Recording \d:\d\d$/).waitFor();
    const before = await kept(page);
    await page.reload();

    await page.getByText('This recording was cut off').waitFor();
    await page.getByText('The line is broken: all is kept here').waitFor();
    const after = await kept(page);
    assert.ok(after.size >= before.size, 'what was kept outlives the page');
    assert.equal(after.bytes, after.size - PART_BYTES, 'only what the store has is gone from here');
    await page.unroute(atStore);
    await page.getByRole('button', { name: 'Send now' }).click();
    await done(page).waitFor();
    const numbers = Array.from({ length: Math.ceil(after.size / PART_BYTES) }, (_, index) => index + 1);
    assert.deepEqual(seen.parts, numbers, 'every part is taken once');
    const first = recorded(seen, seen.uploads[0], after.size);
    assert.ok(first.size === after.size && first.size > 12e6);

    await record(page);
    await until('something is kept', async () => (await kept(page)).size > 0);
    await page.getByRole('button', { name: 'Stop recording' }).click();
    await until('both are done', async () => (await done(page).count()) === 2);
    assert.equal((await kept(page)).length, 0, 'nothing stays in the browser');
    return { ...first, further: recorded(seen, seen.uploads[1]) };
  },

  /** A browser that may not use the camera. */
  async denied(page) {
    await signIn(page);
    await record(page);
    await page.getByText('Allow them by the sign beside the address').waitFor();
    assert.equal((await kept(page)).length, 0);
    return {};
  },
};

async function signIn(page) {
  await page.goto(url);
  await page.getByRole('button', { name: 'Olu Adeyemi' }).click();
  await page.getByRole('heading', { level: 1, name: 'Hello' }).waitFor();
}

async function record(page) {
  await page.getByLabel('Record:').selectOption('camera');
  await page.getByRole('button', { name: 'Record', exact: true }).click();
}

const done = (page) => page.getByText('and has checked every byte');

/** Parts go to the store, at a port of its own. */
const atStore = (address) => !address.href.startsWith(url) && address.searchParams.has('partNumber');

async function until(what, holds) {
  for (let tried = 0; tried < 1_200; tried += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`never: ${what}`);
}

/** What is kept in the browser: of the first recording, and how many there are. */
const kept = (page) =>
  page.evaluate(async () => {
    const ended = (request) =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const database = await ended(indexedDB.open('recordings', 1));
    const stores = database.transaction(['recordings', 'chunks']);
    const [known, chunks] = await Promise.all(
      ['recordings', 'chunks'].map((name) => ended(stores.objectStore(name).getAll())),
    );
    database.close();
    const { size = 0, removed = 0 } = known[0] ?? {};
    const bytes = chunks.reduce((sum, { at, bytes }) => sum + bytes.length - Math.max(0, removed - at), 0);
    return { length: known.length, size, removed, bytes };
  });

/**
 * What the browser's recorder gave, up to a size: a page that is loaded again may lose the chunk that
 * comes at that moment, but none before.
 */
function recorded({ recorders }, upload, size) {
  const chunks = recorders.shift();
  const sum = createHash('sha256');
  let length = 0;
  while (chunks.length > 0 && length !== size) {
    sum.update(chunks[0]);
    length += chunks.shift().length;
  }
  assert.ok(chunks.length < 2, 'at most the last chunk is lost');
  return { upload, size: length, sha256: sum.digest('hex') };
}

/** Tells the test what every recorder gives. */
function listen() {
  const Real = window.MediaRecorder;
  window.MediaRecorder = class extends Real {
    constructor(stream, options) {
      super(stream, { ...options, ...window.raised });
      const number = window.told('begun');
      let order = Promise.resolve();
      this.addEventListener('dataavailable', ({ data }) => {
        order = order.then(async () => {
          const bytes = new Uint8Array(await data.arrayBuffer());
          const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
          await window.told('given', await number, btoa(text));
        });
      });
    }
  };
}

/** Pictures that no codec makes small, in place of the camera's. */
function noise() {
  window.raised = { videoBitsPerSecond: 20_000_000 };
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (asked) => {
    const canvas = document.createElement('canvas');
    Object.assign(canvas, { width: 640, height: 360 });
    const context = canvas.getContext('2d');
    const image = context.createImageData(canvas.width, canvas.height);
    const pixels = new Uint32Array(image.data.buffer);
    let random = 2463534242;
    setInterval(() => {
      for (let index = 0; index < pixels.length; index += 1) {
        random ^= random << 13;
        random ^= random >>> 17;
        random ^= random << 5;
        pixels[index] = random | 0xff000000;
      }
      context.putImageData(image, 0, 0);
    }, 40);
    const sound = await real({ audio: asked.audio });
    return new MediaStream([...canvas.captureStream(25).getVideoTracks(), ...sound.getAudioTracks()]);
  };
}

const args = ['--no-sandbox', '--use-fake-device-for-media-stream'];
// Without it nobody says yes.
if (act !== 'denied') args.push('--use-fake-ui-for-media-stream');
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args });
try {
  const page = await browser.newPage({ locale: 'en-GB' });
  const faults = [];
  const seen = { uploads: [], parts: [], recorders: [], refused: 0, endsAt: Infinity };
  page.setDefaultTimeout(30_000);
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('dialog', (dialog) => dialog.accept());
  page.on('console', (message) => {
    // The browser itself tells of a line that the test breaks, and of an endpoint that has ended.
    const told = /net::ERR_FAILED|status of 403/.test(message.text());
    if (message.type() === 'error' && !told) faults.push(message.text());
  });
  page.on('response', async (response) => {
    const { pathname, searchParams } = new URL(response.url());
    const method = response.request().method();
    if (response.status() === 403) seen.refused += 1;
    if (/^\/v1\/uploads(\/\w+)?$/.test(pathname) && response.ok()) {
      const { id, expires_at } = await response.json();
      if (method === 'POST') seen.uploads.push(id);
      if (expires_at) seen.endsAt = Date.parse(expires_at);
    }
    if (method === 'PUT' && response.ok()) seen.parts.push(Number(searchParams.get('partNumber')));
  });
  await page.exposeFunction('told', (what, number, text) => {
    if (what === 'begun') return seen.recorders.push([]) - 1;
    seen.recorders[number].push(Buffer.from(text, 'base64'));
  });
  await page.addInitScript(listen);
  const answer = await acts[act](page, seen).catch(async (error) => {
    const shown = await page.locator('main').innerText();
    throw new Error([error.message, ...faults, shown].join('\n'));
  });
  assert.deepEqual(faults, []);
  console.log(JSON.stringify(answer));
} finally {
  await browser.close();
}
