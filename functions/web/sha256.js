// SHA-256 of a file, without ever holding all of a large one in memory.

/** Up to this size the browser's own SubtleCrypto, which wants all bytes at once. */
const WHOLE_BYTES_MAX = 32 * 1024 * 1024;
const SLICE_BYTES = 4 * 1024 * 1024;

const PRIMES = [];
for (let n = 2; PRIMES.length < 64; n += 1) if (PRIMES.every((prime) => n % prime)) PRIMES.push(n);
const fraction = (x) => Math.floor((x - Math.floor(x)) * 2 ** 32);
const START = PRIMES.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)));
const ROUND = Int32Array.from(PRIMES, (prime) => fraction(Math.cbrt(prime)));

/** The sum as 64 hex digits; `progress(share)` is told now and then. */
export async function sha256(file, progress = () => {}, signal) {
  if (file.size <= WHOLE_BYTES_MAX) {
    const sum = new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()));
    return Array.from(sum, (byte) => byte.toString(16).padStart(2, '0')).join('');
  }
  let sum = NOTHING;
  for (let at = 0; at < file.size; at += SLICE_BYTES) {
    signal?.throwIfAborted();
    sum = added(sum, new Uint8Array(await file.slice(at, at + SLICE_BYTES).arrayBuffer()));
    progress(Math.min(1, (at + SLICE_BYTES) / file.size));
  }
  return digits(sum);
}

/**
 * The sum of no bytes yet: eight words, how many bytes they stand for, and those that fill no block.
 * Such a sum can be kept in IndexedDB and gone on with after a reload.
 */
export const NOTHING = { words: Int32Array.from(START), length: 0, rest: new Uint8Array(0) };

/** A sum with further bytes; the one before stays as it is. */
export function added({ words, length, rest }, bytes) {
  const joined = new Uint8Array(rest.length + bytes.length);
  joined.set(rest);
  joined.set(bytes, rest.length);
  const whole = joined.length - (joined.length % 64);
  const after = compressed(words, joined, whole);
  return { words: after, length: length + bytes.length, rest: joined.slice(whole) };
}

/** A sum as 64 hex digits. */
export function digits({ words, length, rest }) {
  const last = padded(rest, length);
  const state = compressed(words, last, last.length);
  return Array.from(state, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

/** The last bytes, a one bit, zeros, and the length in bits (FIPS 180-4, 5.1.1). */
function padded(bytes, size) {
  const whole = new Uint8Array(Math.ceil((bytes.length + 9) / 64) * 64);
  whole.set(bytes);
  whole[bytes.length] = 0x80;
  new DataView(whole.buffer).setBigUint64(whole.length - 8, BigInt(size) * 8n);
  return whole;
}

/** The eight words after the first `end` bytes, which are whole blocks. */
function compressed(before, bytes, end) {
  const state = Int32Array.from(before);
  const words = new Int32Array(64);
  const view = new DataView(bytes.buffer);
  for (let block = 0; block < end; block += 64) compress(state, words, view, block);
  return state;
}

const turn = (word, bits) => (word >>> bits) | (word << (32 - bits));

/** One block of 64 bytes (FIPS 180-4, 6.2.2). */
function compress(state, words, view, at) {
  for (let i = 0; i < 16; i += 1) words[i] = view.getInt32(at + 4 * i);
  for (let i = 16; i < 64; i += 1) {
    const [x, y] = [words[i - 15], words[i - 2]];
    const low = turn(x, 7) ^ turn(x, 18) ^ (x >>> 3);
    const high = turn(y, 17) ^ turn(y, 19) ^ (y >>> 10);
    words[i] = (words[i - 16] + low + words[i - 7] + high) | 0;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i += 1) {
    const one =
      (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + ROUND[i] + words[i]) | 0;
    const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => {
    state[i] += word;
  });
}
