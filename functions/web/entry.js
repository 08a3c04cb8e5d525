// The way in: who one is, what one learns, what one signs.

import { once, post } from './api.js';
import { keepMe } from './session.js';
import { card, civil, day, field, form, h, money, months, plain, words } from './view.js';

/** Name and address, which the invoice needs. */
export function profile({ person }, refresh) {
  const text = (name, value, label, autocomplete, required = true) =>
    field(label, h('input', { name, value: value ?? '', autocomplete, required, maxlength: 200 }));
  const address = person.address ?? {};
  return card(
    'First',
    'Who are you?',
    h('p', { class: 'soft' }, 'Your name stands on invoices and on what you earn.'),
    form(
      async (data) => {
        const line = (name) => data.get(name).trim();
        const kept = {
          lines: [line('line')],
          city: line('city'),
          postal_code: line('postal_code'),
          country: line('country').toUpperCase(),
        };
        const time_zone = Intl.DateTimeFormat().resolvedOptions().timeZone || person.time_zone;
        await keepMe(person, { name: line('name'), address: kept, time_zone });
        await refresh();
      },
      text('name', person.name, 'Name', 'name'),
      text('line', address.lines?.[0], 'Street and number', 'street-address'),
      h(
        'div',
        { class: 'pair' },
        text('city', address.city, 'Town', 'address-level2'),
        text('postal_code', address.postal_code, 'Postal code', 'postal-code', false),
        field(
          'Country',
          h('input', {
            name: 'country',
            value: address.country ?? '',
            autocomplete: 'country',
            required: true,
            pattern: '[A-Za-z]{2}',
          }),
          'Two letters, such as GB',
        ),
      ),
      h('button', {}, 'Keep this'),
    ),
  );
}

/** An edition, a pace, and what they cost. */
export function enroll({ editions, person, clock }, refresh) {
  if (editions.length === 0)
    return card(
      'Next',
      'Nothing to enroll on yet',
      h('p', { class: 'soft' }, 'The school has no open edition.'),
    );
  const today = civil(clock.now, person.time_zone);
  const label = (edition) => `${words(edition.degree.title, edition.languages[0])}, ${edition.market}`;
  const edition = h(
    'select',
    { name: 'edition' },
    editions.map((known) =>
      h('option', { value: known.id, selected: known.market === person.address.country }, label(known)),
    ),
  );
  const language = h('select', { name: 'language' });
  const hours = h('input', {
    name: 'hours_per_week',
    type: 'number',
    inputmode: 'numeric',
    min: 1,
    max: 60,
    value: 20,
    required: true,
  });
  const start = h('input', { name: 'start_on', type: 'date', min: today, value: today, required: true });
  const price = h('output', { 'aria-live': 'polite' });
  const chosen = () => editions.find((known) => known.id === edition.value);
  const speak = () =>
    language.replaceChildren(
      ...chosen().languages.map((tag) =>
        h('option', { value: tag }, new Intl.DisplayNames('en', { type: 'language' }).of(tag)),
      ),
    );
  let asked = 0;
  const quote = async () => {
    const number = (asked += 1);
    if (!hours.checkValidity()) return;
    try {
      const body = {
        edition: edition.value,
        language: language.value,
        recognized_skills: [],
        hours_per_week: Number(hours.value),
      };
      const { months: length, monthly_price, total } = await post('/v1/quotes', body);
      if (number === asked)
        price.replaceChildren(
          h('p', { class: 'price number' }, `${money(monthly_price)} a month`),
          h(
            'span',
            { class: 'soft number' },
            `About ${months(length)} at this pace: ${money(total)} in all. You stop paying when you graduate.`,
          ),
        );
    } catch (problem) {
      if (number === asked) price.replaceChildren(problem.message);
    }
  };
  edition.addEventListener('change', () => {
    speak();
    quote();
  });
  [language, hours].forEach((control) => control.addEventListener('change', quote));
  speak();
  quote();
  return card(
    'Next',
    'Choose your degree',
    form(
      async () => {
        const body = {
          edition: edition.value,
          language: language.value,
          time_zone: person.time_zone,
          start_on: start.value,
          hours_per_week: Number(hours.value),
        };
        await once('/v1/enrollments', body);
        await refresh('Your place is kept. Read the contract next.');
      },
      field('Degree', edition),
      h(
        'div',
        { class: 'pair' },
        field('Language', language),
        field('Hours a week', hours),
        field('Start', start),
      ),
      price,
      h('button', {}, 'Enroll'),
    ),
  );
}

/** The contract and the first payment. */
export function accept({ enrollment, local }, refresh) {
  const { quote, contract } = enrollment;
  const method = local ? { kind: 'sandbox', token: 'ok' } : { kind: 'manual' };
  return card(
    'Next',
    'Your contract',
    h(
      'p',
      { class: 'price number' },
      `${money(quote.monthly_price)} a month, for about ${months(quote.months)}`,
    ),
    enrollment.quote_expires_at &&
      h('p', { class: 'soft' }, `The price holds until ${day(enrollment.quote_expires_at)}.`),
    form(
      async () => {
        const { payment } = await once(`/v1/enrollments/${enrollment.id}/accept`, {
          contract_version: contract.version,
          payment_method: method,
        });
        const said = {
          paid: 'Paid. Your first project is open.',
          pending: 'Thank you. We wait for the payment.',
        };
        await refresh(
          said[payment.state] ??
            `The payment was declined: ${plain(payment.reason ?? 'no reason given')}. Nothing was taken.`,
        );
      },
      h(
        'label',
        { class: 'check' },
        h('input', { type: 'checkbox', required: true }),
        h(
          'span',
          {},
          'I have read and accept the ',
          h('a', { href: contract.text_url, target: '_blank' }, 'contract'),
          `, version ${contract.version}.`,
        ),
      ),
      h('button', {}, local ? 'Accept and pay the first month' : 'Accept'),
      local && h('p', { class: 'soft' }, 'This school runs on one machine: the payment is play money.'),
    ),
  );
}
