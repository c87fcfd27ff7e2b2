// What the waiting room says in each state. Pure: from what is known to words.
import { now as serverNow } from '../shared/clock.js';
import { number, plural, t } from '../shared/words.js';
import { about, clock, left, moment } from './when.js';

// kindOf names the state. turn is turn.js's; what one has already comes before what the line does.
function kindOf({ now, stand, turn }) {
  if (now.phase === 'ended') return 'ended';
  if (turn.state === 'in') return turn.until > serverNow() ? 'turn' : 'again';
  if (turn.state === 'done') return 'done';
  if (now.phase === 'announced' || now.phase === 'prequeue') return 'before';
  if (now.phase === 'drawing' || stand.position === undefined) return 'drawing';
  if (now.phase === 'paused' || now.phase === 'sold-out') return now.phase;
  if (stand.called) return turn.state === 'again' ? 'again' : 'next';
  return now.seats_free === 0 && now.reason ? 'returning' : 'waiting';
}

const position = ({ stand }) => (stand.inDraw
  ? t('js.number', { number: number(stand.number), of: number(stand.of) })
  : t('js.number-tail', { number: number(stand.number) }));

const words = {
  before: ({ now, place, zone }) => {
    const when = moment(now.opens_at, zone, serverNow()), fair = now.draw ? t('js.before', { when, fair: t('js.fair') }) : t('js.before-open', { when });
    return {
      big: left(new Date(now.opens_at) - serverNow()), under: t(now.draw ? 'js.until' : 'js.until-open'), lead: fair, aloud: fair,
      more: now.draw ? plural('js.joined', Math.max(now.joined, place.index + 1)) : '',
    };
  },
  drawing: () => ({ big: t('js.drawing'), lead: t('js.drawing-lead') }),
  waiting: (s) => {
    const { stand } = s, wait = stand.wait ? about(stand.wait) : '', ahead = plural('js.ahead', stand.ahead);
    const share = Math.min(1, s.serving / Math.max(1, stand.position)), lead = wait && t('js.wait', { wait });
    // Until the first are called, the number is the news.
    if (s.serving === 0) return { big: position(s), lead: wait && t('js.ahead-wait', { ahead, wait }), share };
    if (stand.ahead === 0) return { big: t('js.next'), lead, more: position(s), share };
    return { big: ahead, lead, more: position(s), share, title: t('js.title-ahead', { count: number(stand.ahead) }) };
  },
  next: () => ({ big: t('js.next'), lead: t('js.next-lead'), share: 1, title: t('js.title-next') }),
  turn: ({ turn }) => ({ // minutes from now, so by the visitor's own clock
    big: t('js.turn'), lead: t('js.turn-lead', { time: clock(turn.until) }), title: t('js.title-turn'), go: t('js.choose'),
  }),
  again: () => ({ big: t('js.again'), lead: t('js.again-lead'), title: t('js.title-turn'), go: t('js.enter') }),
  paused: (s) => ({ big: t('js.paused'), lead: t('js.paused-lead'), reason: s.now.reason, more: s.stand.called ? '' : position(s) }),
  returning: (s) => ({ big: t('js.returning'), lead: plural('js.returning-lead', s.now.seats_held ?? 0), more: position(s) }),
  'sold-out': (s) => ({ big: t('js.sold-out'), lead: t('js.sold-out-lead'), more: position(s) }),
  ended: () => ({ big: t('js.ended'), lead: t('js.find'), orders: true }),
  done: () => ({ big: t('js.done'), lead: t('js.done-lead'), orders: true }),
};

// view is what to show: {kind, big, under, lead, more, reason, share, title, go, orders, aloud}; what is missing is hidden.
export function view(state) {
  const kind = kindOf(state);
  return { kind, ...words[kind](state) };
}
