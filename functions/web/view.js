// Elements, words for instants and money, and what is said aloud.

import { Problem } from './api.js';

/** An element: `h('p', { class: 'soft' }, 'text', child)`. Functions become listeners. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

/** A labelled field. */
export function field(label, control, hint) {
  control.id ||= `field-${crypto.randomUUID().slice(0, 8)}`;
  const hinted = hint && h('small', { class: 'soft', id: `${control.id}-hint` }, hint);
  if (hinted) control.setAttribute('aria-describedby', hinted.id);
  return h('div', { class: 'field' }, h('label', { for: control.id }, label), control, hinted);
}

/** A card: a small word above, a heading, and what it holds. */
export function card(over, title, ...children) {
  return h(
    'section',
    { class: 'card' },
    over && h('p', { class: 'over' }, over),
    h('h2', {}, title),
    ...children,
  );
}

/** Says something to those who do not see it. */
export function say(text) {
  const live = document.getElementById('live');
  if (live.textContent !== text) live.textContent = text;
}

/** A form whose submission is an act: busy while it runs, and saying what went wrong. */
export function form(act, ...children) {
  const element = h('form', { novalidate: false }, ...children);
  element.addEventListener('submit', async (event) => {
    event.preventDefault();
    await during(element, () => act(new FormData(element)));
  });
  return element;
}

/** Runs an act with its buttons disabled; a problem is shown inside `box` and gets the focus. */
export async function during(box, act) {
  const buttons = [...box.querySelectorAll('button:not([data-free])')];
  if (box.getAttribute('aria-busy') === 'true') return;
  box.querySelectorAll('.problem').forEach((old) => old.remove());
  box.setAttribute('aria-busy', 'true');
  buttons.forEach((button) => {
    button.disabled = true;
  });
  try {
    await act();
  } catch (error) {
    show(box, error);
  } finally {
    box.removeAttribute('aria-busy');
    buttons.forEach((button) => {
      button.disabled = false;
    });
  }
}

/** Shows what went wrong, field by field where the school said so. */
export function show(box, error) {
  if (!(error instanceof Problem)) console.error(error);
  const words = error instanceof Problem ? error.message : 'Something broke on this page. Load it again.';
  const more = (error.errors || []).filter((fault) => fault.detail !== error.message);
  const faults = more.map((fault) =>
    h('li', {}, `${fault.pointer.slice(1).replaceAll('/', ' ')}: ${fault.detail}`),
  );
  const problem = h(
    'div',
    { class: 'problem', role: 'alert', tabindex: '-1' },
    words,
    faults.length > 0 && h('ul', {}, faults),
  );
  box.append(problem);
  problem.focus();
}

/** The text of an edition's words in a language, else in any. */
export const words = (text, language = 'en') => text?.[language] ?? Object.values(text ?? {})[0] ?? '';

/** `£300.00`. */
export function money({ amount_minor, currency }) {
  const format = new Intl.NumberFormat(undefined, { style: 'currency', currency });
  return format.format(amount_minor / 10 ** format.resolvedOptions().maximumFractionDigits);
}

/** `Tuesday 9 March, 17:00`, in the reader's own zone. */
export function instant(text, zone) {
  const options = {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    hour: '2-digit',
    minute: '2-digit',
    timeZone: zone,
  };
  return new Intl.DateTimeFormat('en-GB', options).format(new Date(text));
}

/** `9 March 2027`. */
export function day(text) {
  const options = { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' };
  return new Intl.DateTimeFormat('en-GB', options).format(new Date(text));
}

/** `2027-03-09`: the civil date in a zone. */
export const civil = (date, zone) => new Intl.DateTimeFormat('en-CA', { timeZone: zone }).format(date);

/** `12 months`, from a decimal string. */
export const months = (text) => `${Number(text)} month${Number(text) === 1 ? '' : 's'}`;

/** A state's word as people read it. */
export const plain = (word) => word.replaceAll('_', ' ');

/** `2.4 MB`. */
export function size(bytes) {
  const unit = bytes < 1e6 ? 'kilobyte' : 'megabyte';
  const value = unit === 'kilobyte' ? Math.max(1, Math.round(bytes / 1e3)) : Math.round(bytes / 1e5) / 10;
  return new Intl.NumberFormat('en-GB', { style: 'unit', unit, unitDisplay: 'short' }).format(value);
}
