// What somebody without a place reads.
import { now as serverNow } from '../shared/clock.js';
import { t } from '../shared/words.js';
import { moment } from './when.js';

const sentence = (text) => (/[.!?…]$/.test(text) ? text : `${text}.`);

// door gives {big, lead, open} by the phase, as door in app/pages_events.go; without a lead the page keeps its own.
export function door(now, zone) {
  const drawless = now.phase === 'prequeue' && !now.draw, when = moment(now.opens_at, zone, serverNow());
  const big = t(`js.door-${drawless ? 'announced' : now.phase}`, { when });
  const lead = {
    prequeue: drawless ? '' : t(now.draw?.lanes ? 'js.fair-lanes' : 'js.fair'), drawing: t('js.behind'), open: now.slowed === 'restored' ? now.reason : t('js.behind'), paused: now.reason || t('js.behind'),
    'sold-out': t('js.wait-for-return'), ended: now.reason ? `${sentence(now.reason)} ${t('js.find')}` : t('js.find'),
  }[now.phase];
  return { big, lead, open: now.phase !== 'announced' && now.phase !== 'ended' };
}
