// Recordings in this browser: the bytes that no store has yet, through reloads and crashes.

/** Set while anything is kept, so that a page knows it without loading this. */
const FLAG = 'recordings';

let opened = null;

function database() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open('recordings', 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('recordings', { keyPath: 'id' });
      request.result.createObjectStore('chunks', { keyPath: ['recording', 'at'] });
    };
    request.onsuccess = () => {
      const forgotten = () => {
        opened = null;
      };
      request.result.onclose = forgotten;
      request.result.onversionchange = () => {
        request.result.close();
        forgotten();
      };
      resolve(request.result);
    };
    request.onerror = () => {
      opened = null;
      reject(request.error);
    };
  });
  return opened;
}

/** Runs `act` in one transaction; answers the result of the request it gives, once all is on the disk. */
async function within(mode, act) {
  const transaction = (await database()).transaction(['recordings', 'chunks'], mode, {
    durability: 'strict',
  });
  return new Promise((resolve, reject) => {
    const asked = act(transaction.objectStore('recordings'), transaction.objectStore('chunks'));
    transaction.oncomplete = () => resolve(asked?.result);
    transaction.onabort = () => reject(transaction.error);
  });
}

/** All chunks that begin before a place. */
const before = (id, to) => IDBKeyRange.bound([id, 0], [id, to], false, true);

/** Keeps what is known of a new recording. */
export async function keep(known) {
  await within('readwrite', (recordings) => recordings.put(known));
  localStorage.setItem(FLAG, 'kept');
}

/** Keeps bytes from a place on, together with what is known after them, or nothing of both. */
export const append = (id, at, bytes, changes) =>
  change(id, changes, (chunks) => chunks.put({ recording: id, at, bytes }));

/** Changes what is known of a recording, and answers all of it. */
export async function change(id, changes, also = () => {}) {
  let known;
  await within('readwrite', (recordings, chunks) => {
    const asked = recordings.get(id);
    asked.onsuccess = () => {
      known = { ...asked.result, ...changes };
      recordings.put(known);
      also(chunks);
    };
  });
  return known;
}

/** What is known of a recording; nothing once it is forgotten. */
export const find = (id) => within('readonly', (recordings) => recordings.get(id));

/** What a person recorded here, and the school has not checked yet. */
export async function unfinished(person) {
  const all = await within('readonly', (recordings) => recordings.getAll());
  if (all.length === 0) localStorage.removeItem(FLAG);
  return all.filter((known) => known.person === person);
}

/** Bytes from one place to another, as far as they are here. */
export async function bytes(id, from, to) {
  const chunks = await within('readonly', (_, chunks) => chunks.getAll(before(id, to)));
  const parts = chunks
    .filter((chunk) => chunk.at + chunk.bytes.length > from)
    .map((chunk) => chunk.bytes.subarray(Math.max(0, from - chunk.at), to - chunk.at));
  return new Blob(parts);
}

/** Removes the chunks that end before a place. */
export const removeBefore = (id, to) =>
  within('readwrite', (_, chunks) => {
    const asked = chunks.getAllKeys(IDBKeyRange.bound([id, 0], [id, to]));
    // One that begins there shows that the one before it ends there; the last may reach further.
    asked.onsuccess = () => {
      const last = asked.result.at(-1)?.[1] ?? 0;
      if (last > 0) chunks.delete(before(id, last));
    };
  });

/** Removes all of a recording. */
export const forget = (id) =>
  within('readwrite', (recordings, chunks) => {
    recordings.delete(id);
    chunks.delete(before(id, Infinity));
  });
