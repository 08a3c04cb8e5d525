// Plays one act on the page: node page.mjs ACT URL FILE, with TOOLS and CHROMIUM in the environment.
// Anything unexpected, a word on the console too, ends it with an error.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const [act, url, file] = process.argv.slice(2);
const { chromium } = createRequire(`${process.env.TOOLS}/package.json`)('playwright-core');

const acts = {
  async enroll(page) {
    await signIn(page, 'Maya Lind');
    const focused = await page.evaluate(() => document.activeElement.tagName);
    assert.equal(focused, 'H1', 'the focus goes to what is new');
    await page.getByText('£300.00 a month').waitFor();
    await page.getByText('About 12 months at this pace: £3,600.00 in all').waitFor();
    await page.getByRole('button', { name: 'Enroll' }).click();
    await page.getByRole('heading', { name: 'Your contract' }).waitFor();
    const contract = await page.getByRole('link', { name: 'contract' }).getAttribute('href');
    assert.equal((await page.request.get(url + contract)).status(), 200);
    await page.getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Accept and pay' }).click();
    await page.getByText('Paid. Your first project is open.').first().waitFor();
  },

  async hand_in(page) {
    await signIn(page, 'Maya Lind');
    await page.getByLabel('Your work').setInputFiles(file);
    await page.getByRole('button', { name: 'Hand in' }).click();
    await page.getByText('Version 1 is handed in.').first().waitFor();
    await page.getByText('under review').waitFor();
    assert.match(await page.locator('#live').textContent(), /handed in/, 'it is said aloud');
  },

  async judge(page) {
    await signIn(page, 'Inês Carvalho');
    await page.getByRole('heading', { name: '1 to read' }).waitFor();
    await page.locator('main details summary').click();
    await page.getByRole('link', { name: 'work.zip' }).waitFor();
    for (const shown of await page.getByRole('radio', { name: 'Shown' }).all()) await shown.check();
    await page.getByRole('button', { name: 'Give your judgment' }).click();
    await page.getByText('Accepted. A defense can be asked for.').first().waitFor();
  },

  async look(page) {
    await signIn(page, 'Tom Ashworth');
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.equal(width, 320, 'nothing sticks out on a small screen');
    const unnamed = await page.evaluate(
      () => [...document.querySelectorAll('main :is(input, select, textarea)')].filter((it) => !it.labels.length).length,
    );
    assert.equal(unnamed, 0, 'every field has a label');
    await page.getByText('What is running here').click();
    await page.getByText('healthy').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in as a sample person' }).waitFor();
    await signIn(page, 'Sam Okafor');
    await page.getByRole('heading', { name: 'The queue is well' }).waitFor();
  },
};

async function signIn(page, name) {
  await page.getByRole('button', { name }).click();
  await page.getByRole('heading', { level: 1, name: 'Hello' }).waitFor();
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox'] });
try {
  const small = { viewport: { width: 320, height: 640 }, colorScheme: 'dark' };
  const page = await browser.newPage({ locale: 'en-GB', ...(act === 'look' && small) });
  const faults = [];
  page.setDefaultTimeout(20_000);
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  await page.goto(url);
  await acts[act](page).catch((error) => {
    throw new Error([error.message, ...faults].join('\n'));
  });
  assert.deepEqual(faults, []);
} finally {
  await browser.close();
}
