// What scripts say comes from the page's catalogue: the keys of words.en.json that begin with "js.", which the page
// carries as data; what is said later ("room.") is fetched and learned when it is needed.
const texts = JSON.parse(document.getElementById('words')?.textContent ?? '{}');

// learn takes more words, as an address gives them.
export async function learn(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`words: ${answer.status}`);
  Object.assign(texts, await answer.json());
}

// t is the text of a key with its {placeholders} filled; an unknown key shows itself, so that it is noticed.
export function t(key, values = {}) {
  return (texts[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

// plural is t for one (key.one) or many (key.many), with {count}.
export function plural(key, count, values = {}) {
  return t(`${key}.${count === 1 ? 'one' : 'many'}`, { count: number(count), ...values });
}

const numbers = new Intl.NumberFormat('en');

// number is a whole number as people read it: 18,530.
export const number = (n) => numbers.format(n);

// money is minor units as the server writes them: 4250 EUR is "42.50 EUR". How many digits are minor the page says:
// browsers disagree about forints and dinars.
export const money = (minor, currency, digits) => `${(minor / 10 ** digits).toFixed(digits)} ${currency}`;
