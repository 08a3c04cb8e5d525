// Uppy's own client, unchanged, on a page of another origin: node uppy.mjs WHOLE CANCELED FILE, with
// TOOLS and CHROMIUM in the environment. Sends a file to the endpoint of one upload through a pause and
// a part that the store refuses, and gives up what goes to the other. Prints what it saw as JSON.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

const [whole, canceled, path] = process.argv.slice(2);
const need = createRequire(`${process.env.TOOLS}/package.json`);
const { chromium } = need('playwright-core');

/** A page that has nothing but Uppy. */
const SCRIPT = `
  import Uppy from '@uppy/core';
  import AwsS3 from '@uppy/aws-s3';

  window.versions = [Uppy.VERSION, AwsS3.VERSION];
  window.take = async (companionEndpoint) => {
    const data = await (await fetch('/file')).blob();
    const uppy = new Uppy();
    uppy.use(AwsS3, { companionEndpoint, shouldUseMultipart: true, getChunkSize: () => 8 * 1024 * 1024 });
    uppy.addFile({ name: 'site.zip', type: 'application/zip', data });
    window.uppy = uppy;
    window.answers = [];
    uppy.on('upload-success', (file, answer) => window.answers.push(answer.body));
  };
`;

const acts = {
  /** Goes on after a pause, and after a part that failed, with what has arrived. */
  async whole(page, seen) {
    const held = await holdPart(page, 2);
    await page.evaluate((endpoint) => window.take(endpoint), whole);
    await page.evaluate(() => void window.uppy.upload());
    await until('the second part is on its way', () => held.routes.length > 0);
    await page.evaluate(() => window.uppy.pauseAll());
    await held.release();
    assert.deepEqual(seen.parts, [1]);
    const refuse = await refusePart(page, 3);
    await page.evaluate(() => window.uppy.resumeAll());
    const failed = () => page.evaluate(() => Boolean(window.uppy.getState().error));
    await until('the third part is refused', failed);
    assert.deepEqual(seen.lists, [[1]], 'it asks what has arrived');
    await refuse();
    const result = await page.evaluate(async () => {
      const { successful, failed } = await window.uppy.retryAll();
      return { successful: successful.length, failed: failed.length };
    });
    assert.deepEqual(result, { successful: 1, failed: 0 });
    assert.deepEqual(seen.lists, [[1], [1, 2]]);
    assert.deepEqual(seen.parts, [1, 2, 3], 'no part that has arrived is sent again');
    const [answer] = await page.evaluate(() => window.answers);
    return answer;
  },

  /** Gives up in the middle. */
  async canceled(page, seen) {
    const held = await holdPart(page, 2);
    await page.evaluate((endpoint) => window.take(endpoint), canceled);
    await page.evaluate(() => void window.uppy.upload());
    await until('the second part is on its way', () => held.routes.length > 0);
    await page.evaluate(() => window.uppy.cancelAll());
    await until('it is given up', () => seen.deleted.length > 0);
    await held.release();
    assert.deepEqual(seen.deleted, [200]);
    return { parts: seen.parts };
  },
};

const isPart = (number) => (address) => address.searchParams.get('partNumber') === String(number);

/** Keeps a part from the store until it is let go of. */
async function holdPart(page, number) {
  const matches = isPart(number);
  const routes = [];
  await page.route(matches, (route) => routes.push(route));
  const release = async () => {
    await page.unroute(matches);
    // The page has given it up before.
    for (const route of routes) await route.abort().catch(() => {});
  };
  return { routes, release };
}

/** Answers a part in the store's place, which took too long; answers how to end that. */
async function refusePart(page, number) {
  const matches = isPart(number);
  const headers = { 'Access-Control-Allow-Origin': '*' };
  await page.route(matches, (route) => route.fulfill({ status: 403, headers }));
  return () => page.unroute(matches);
}

async function until(what, holds) {
  for (let tried = 0; tried < 600; tried += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`never: ${what}`);
}

const bundled = await need('esbuild').build({
  stdin: { contents: SCRIPT, resolveDir: process.env.TOOLS },
  bundle: true,
  format: 'esm',
  write: false,
});
const answers = {
  '/': ['text/html', '<!doctype html><title>Uppy</title><script type="module" src="/page.js"></script>'],
  '/page.js': ['text/javascript', bundled.outputFiles[0].text],
  '/file': ['application/zip', readFileSync(path)],
  '/favicon.ico': ['image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg"/>'],
};
const server = createServer((request, response) => {
  const [kind, body] = answers[request.url];
  response.writeHead(200, { 'Content-Type': kind }).end(body);
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox'] });
try {
  const told = {};
  for (const [act, play] of Object.entries(acts)) {
    const page = await browser.newPage();
    const faults = [];
    const seen = { parts: [], lists: [], deleted: [] };
    page.setDefaultTimeout(20_000);
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
    page.on('response', async (response) => {
      const { pathname, searchParams } = new URL(response.url());
      const method = response.request().method();
      if (method === 'PUT' && response.ok()) seen.parts.push(Number(searchParams.get('partNumber')));
      if (method === 'DELETE') seen.deleted.push(response.status());
      if (method === 'GET' && /\/multipart\/[^/]+$/.test(pathname))
        seen.lists.push((await response.json()).map((part) => part.PartNumber));
    });
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    await page.waitForFunction(() => window.take);
    told.versions = await page.evaluate(() => window.versions);
    told[act] = await play(page, seen).catch((error) => {
      throw new Error([error.message, ...faults].join('\n'));
    });
    await page.close();
    // The browser tells of the part that is refused, and Uppy of its guess at the cause.
    const unexpected = faults.filter((fault) => !/status of 403|looks like a network error/.test(fault));
    assert.deepEqual(unexpected, []);
  }
  console.log(JSON.stringify(told));
} finally {
  await browser.close();
  server.close();
}
