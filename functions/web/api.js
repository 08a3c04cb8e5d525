// Calls to the school: JSON in and out, refusals as problems in the school's own words.

/** A refusal, or a school that cannot be reached. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || `The school answered ${status}.`);
    this.status = status;
    this.code = body.code || '';
    this.errors = body.errors || [];
    this.retryAfter = body.retryAfter || 0;
  }
}

let token = sessionStorage.getItem('token');
let signedOut = () => {};

/** Keeps who is asking for as long as the tab is open; nobody, without a token. */
export function speakAs(newToken) {
  token = newToken;
  if (token) sessionStorage.setItem('token', token);
  else sessionStorage.removeItem('token');
}

/** Whether anybody is asking. */
export const isSignedIn = () => Boolean(token);

/** What to do when a token no longer counts. */
export function whenSignedOut(act) {
  signedOut = act;
}

/** One call; answers `{ data, etag, status }`. An endpoint outside the API gets no token. */
export async function call(method, url, { body, headers = {}, signal } = {}) {
  const ours = url.startsWith('/');
  const sent = { Accept: 'application/json', ...headers };
  if (body !== undefined) sent['Content-Type'] = 'application/json';
  if (ours && token) sent.Authorization = `Bearer ${token}`;
  let response;
  try {
    response = await fetch(url, { method, headers: sent, body: body && JSON.stringify(body), signal });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(0, {
      code: 'unreachable',
      detail: 'The school cannot be reached. Nothing is lost: try again.',
    });
  }
  const data = await response.json().catch(() => null);
  if (response.ok) return { data, etag: response.headers.get('ETag'), status: response.status };
  if (response.status === 401 && ours) {
    speakAs(null);
    signedOut();
  }
  const retryAfter = Number(response.headers.get('Retry-After')) || 0;
  throw new Problem(response.status, { ...data, retryAfter });
}

/** The body of a GET. */
export const get = async (path, options) => (await call('GET', path, options)).data;

/** The body of a GET, or `otherwise` where there is nothing for the asker. */
export async function getOr(path, otherwise) {
  try {
    return await get(path);
  } catch (problem) {
    if (problem.status === 403 || problem.status === 404) return otherwise;
    throw problem;
  }
}

/** Every item of a list, page by page. */
export async function list(path) {
  const items = [];
  let cursor = null;
  do {
    const query = cursor ? `${path.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(cursor)}` : '';
    const page = await getOr(path + query, { items: [] });
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  return items;
}

/** The body of a POST that may be repeated as it is. */
export const post = async (path, body, options) => (await call('POST', path, { body, ...options })).data;

/**
 * The body of a POST that must count once: the same intent carries the same key until it was
 * answered, so that a second click, or a retry after a broken line, changes nothing.
 */
export async function once(path, body) {
  const intent = `intent ${path} ${JSON.stringify(body)}`;
  const key = sessionStorage.getItem(intent) || crypto.randomUUID();
  sessionStorage.setItem(intent, key);
  const data = await post(path, body, { headers: { 'Idempotency-Key': key } });
  sessionStorage.removeItem(intent);
  return data;
}
