// Moments as people say them: by the venue's clock, and by their own where that differs.
import { t } from '../shared/words.js';

const lang = document.documentElement.lang, locale = lang === 'en' ? 'en-GB' : lang;
const format = (at, zone, options) => new Intl.DateTimeFormat(locale, { timeZone: zone, ...options }).format(new Date(at));
const day = (at, zone) => format(at, zone, { weekday: 'long', day: 'numeric', month: 'long' }).replace(',', '');

// clock is "10:00" in a zone; without one, in the visitor's.
export const clock = (at, zone) => format(at, zone, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

// moment is "at 10:00", or "on Saturday 28 November at 10:00" when that is not today's date at the venue; who has another
// clock reads theirs behind it: "at 10:00 (09:00 where you are)".
export function moment(at, zone, today) {
  const time = clock(at, zone), own = yours(at, zone);
  const when = day(at, zone) === day(today, zone) ? t('js.at', { time }) : t('js.on', { day: day(at, zone), time });
  return own ? t('js.both', { when, yours: own }) : when;
}

// yours is the same moment by the visitor's clock, or '' where it shows the same.
export function yours(at, zone) {
  if (clock(at, zone) === clock(at)) return '';
  const time = day(at, zone) === day(at) ? clock(at) : `${day(at)}, ${clock(at)}`;
  return t('js.yours', { time });
}

// left is a span as a clock shows it: 9:05, 1:02:03.
export function left(ms) {
  const s = Math.max(0, Math.ceil(ms / 1000)), two = (n) => String(n).padStart(2, '0');
  const hours = Math.floor(s / 3600), rest = `${Math.floor(s / 60) % 60}:${two(s % 60)}`;
  return hours ? `${hours}:${rest.padStart(5, '0')}` : rest;
}

// about is a range of seconds as people say it, as app/pages_place.go does.
export function about([low, high]) {
  const unit = high > 7200 ? 3600 : 60, kind = unit === 60 ? 'minutes' : 'hours';
  const from = Math.floor(low / unit), to = Math.ceil(high / unit);
  if (unit === 60 && to <= 1) return t('room.minute');
  return from === 0 || from === to ? t(`room.${kind}-up-to`, { high: to }) : t(`room.${kind}`, { low: from, high: to });
}
