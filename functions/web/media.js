// Camera, microphone and screen, and what to do where there are none.

import { Problem } from './api.js';

/** Containers and codecs by preference: VP8 costs a small machine the least. */
const TYPES = ['video/webm;codecs=vp8,opus', 'video/webm', 'video/mp4'];

/** Room for a few parts, without which a recording is not begun. */
const ROOM_BYTES_MIN = 100e6;

const WORDS = {
  NotAllowedError:
    'The browser may not use your camera and microphone, or no screen was chosen. Allow them by the sign ' +
    'beside the address, then press Record again.',
  NotFoundError: 'There is no camera or no microphone. Plug one in, then press Record again.',
  NotReadableError:
    'The camera or the microphone is taken. Close the other program that uses it, then press Record again.',
};

const refusal = (detail) => new Problem(422, { code: 'cannot_record', detail });

/** The container and codecs that this browser records; a problem if it records none. */
export function recordedType() {
  const able =
    navigator.mediaDevices?.getUserMedia &&
    window.MediaRecorder &&
    window.indexedDB &&
    navigator.locks &&
    AbortSignal.any;
  const type = able && TYPES.find((known) => MediaRecorder.isTypeSupported(known));
  if (type) return type;
  const why = window.isSecureContext ? '' : ' It can only under an address that begins with https.';
  const what = 'Open this page in a current Firefox, Chrome, Edge or Safari on a computer.';
  throw refusal(`This browser cannot record.${why} ${what}`);
}

/** Bytes that this browser may still keep; unlimited where it does not say. */
export async function room() {
  // Without an answer it is still only a wish: the browser may clear what is kept when the disk is full.
  navigator.storage?.persist?.().catch(() => {});
  const told = await navigator.storage?.estimate?.().catch(() => null);
  return told?.quota ? told.quota - told.usage : Infinity;
}

/** A problem where the room is too small to begin. */
export async function checkRoom() {
  if ((await room()) < ROOM_BYTES_MIN)
    throw refusal('There is hardly any room left on this device. Free some 100 MB, then press Record again.');
}

/** Pictures and sound: of the camera, or of the screen with the microphone beside its own sound. */
export async function capture(screen) {
  try {
    if (!screen) {
      const video = { width: { ideal: 1280 }, height: { ideal: 720 } };
      return await navigator.mediaDevices.getUserMedia({ audio: true, video });
    }
    const shown = await navigator.mediaDevices.getDisplayMedia({ audio: true, video: { frameRate: 15 } });
    return await withVoice(shown);
  } catch (error) {
    throw refusal(WORDS[error.name] ?? `The camera and the microphone cannot be used: ${error.message}`);
  }
}

/** A screen's pictures, and one track of what is heard: the others in the room, and who records. */
async function withVoice(shown) {
  const voice = await navigator.mediaDevices.getUserMedia({ audio: true }).catch((error) => {
    release(shown);
    throw error;
  });
  if (shown.getAudioTracks().length === 0)
    return new MediaStream([...shown.getVideoTracks(), ...voice.getAudioTracks()]);
  const context = new AudioContext();
  const mixed = context.createMediaStreamDestination();
  for (const stream of [shown, voice]) context.createMediaStreamSource(stream).connect(mixed);
  const joined = new MediaStream([...shown.getVideoTracks(), ...mixed.stream.getAudioTracks()]);
  sources.set(joined, () => {
    [shown, voice].forEach(release);
    context.close();
  });
  return joined;
}

/** How to let go of what a mixed stream is made from. */
const sources = new WeakMap();

/** Turns everything off. */
export function release(stream) {
  stream.getTracks().forEach((track) => track.stop());
  sources.get(stream)?.();
}
