// What the waiting room says in each state. Pure: from what is known to words; app/pages_place.go says the same where no
// script runs.
import { now as serverNow } from '../shared/clock.js';
import { number, plural, t } from '../shared/words.js';
import { outlook } from './shown.js';
import { about, clock, left, moment } from './when.js';

// kindOf names the state. turn is turn.js's; what one has already comes before what the line does.
function kindOf({ now, stand, turn }) {
  if (now.phase === 'ended') return 'ended';
  if (turn.state === 'in') {
    const kept = turn.until > serverNow();
    if (now.phase !== 'sold-out') return kept ? 'turn' : 'again';
    if (kept) return 'none-left';
  }
  if (turn.state === 'done') return 'done';
  if (turn.state === 'elsewhere' && now.phase === 'open') return 'elsewhere';
  if (now.phase === 'announced' || now.phase === 'prequeue') return 'before';
  if (now.phase === 'drawing' || stand.position === undefined) return 'drawing';
  if (now.phase === 'paused' || now.phase === 'sold-out') return now.phase;
  if (stand.called) return turn.state === 'again' ? 'again' : 'next';
  return now.seats_free === 0 && now.reason && !now.slowed ? 'returning' : 'waiting';
}

const position = ({ stand }) => (stand.inDraw
  ? t('room.number', { number: number(stand.number), of: number(stand.of) })
  : t('room.number-tail', { number: number(stand.number) }));

const lane = (now, place) => (place.lane && now.draw.lanes ? t('room.lane', now.draw.lanes[place.lane - 1]) : '');

// people is how many are known to take part: of the positions that were given, those that an outage left set aside are
// nobody's. The figure may be older than one's own place.
function people({ joined, draw }, { index }) {
  const aside = [draw, ...(draw.lanes ?? [])].flatMap(({ burnt }) => burnt).reduce((sum, [from, to]) => sum + to - from, 0);
  return Math.max(1, Math.max(joined, index + 1) - aside);
}

const words = {
  before: ({ now, place, zone }) => {
    const when = moment(now.opens_at, zone, serverNow()), fair = now.draw ? t('room.before', { when, fair: t(now.draw.lanes ? 'js.fair-lanes' : 'js.fair') }) : t('room.before-open', { when });
    return {
      big: left(new Date(now.opens_at) - serverNow()), under: t(now.draw ? 'room.until' : 'room.until-open'), lead: fair, aloud: fair,
      more: now.draw ? `${plural('room.joined', people(now, place))} ${lane(now, place)}`.trim() : '',
    };
  },
  drawing: ({ now }) => ({ big: t('room.drawing'), lead: t(now.reason ? 'room.drawing-kept' : 'room.drawing-lead') }),
  waiting: (s) => {
    const { stand } = s, wait = s.wait ? about(s.wait) : '', ahead = plural('room.ahead', stand.ahead);
    const share = Math.min(1, s.serving / Math.max(1, stand.position)), lead = wait && t('room.wait', { wait });
    // Until the first are called, the number is the news.
    if (s.serving === 0) return { big: position(s), lead: wait && t('room.ahead-wait', { ahead, wait }), share };
    if (stand.ahead === 0) return { big: t('room.next'), lead, more: position(s), share };
    return { big: ahead, lead, more: position(s), share, title: t('room.title-ahead', { count: number(stand.ahead) }) };
  },
  next: () => ({ big: t('room.next'), lead: t('room.next-lead'), share: 1, title: t('room.title-next') }),
  turn: ({ turn }) => ({ // minutes from now, so by the visitor's own clock
    big: t('room.turn'), lead: t('room.turn-lead', { time: clock(turn.until) }), title: t('room.title-turn'), go: t('room.choose'),
  }),
  'none-left': ({ turn }) => ({ big: t('room.sold-out'), lead: t('room.none-left', { time: clock(turn.until) }), go: t('room.choose') }),
  elsewhere: () => ({ big: t('room.turn'), lead: t('room.elsewhere'), title: t('room.title-turn'), go: t('room.continue-here') }),
  again: () => ({ big: t('room.again'), lead: t('room.again-lead'), title: t('room.title-turn'), go: t('room.enter') }),
  paused: (s) => ({ big: t('room.paused'), lead: t('room.paused-lead'), more: s.stand.called ? '' : position(s) }),
  returning: (s) => ({ big: t('room.returning'), lead: plural('room.returning-lead', s.now.seats_held ?? 0), more: position(s) }),
  'sold-out': (s) => ({ big: t('room.sold-out'), lead: t('room.sold-out-lead'), more: position(s) }),
  ended: () => ({ big: t('room.ended'), lead: t('js.find'), orders: true }),
  done: () => ({ big: t('room.done'), lead: t('room.done-lead'), orders: true }),
};

// chances are what is likely to be left at one's turn: of all prices in one line, and of each by its id.
function chances(kind, { now, stand }) {
  const waits = ['waiting', 'paused', 'returning'].includes(kind) && !stand.called;
  const of = (lasts) => (waits ? outlook(stand.ahead, lasts) : ''), all = of(now.lasts);
  return {
    outlook: all && t(all === 'gone' ? 'room.gone-all' : 'room.may-all'),
    prices: now.categories.map(({ id, free, lasts }) => {
      const one = free ? of(lasts) : '';
      return [id, one && t(one === 'gone' ? 'room.gone-price' : 'room.may-price')];
    }),
  };
}

// The organiser's reason, where the page does not say it in its own words.
const unexplained = ['returning', 'turn', 'none-left', 'done', 'before'];

// view is what to show: {kind, big, under, lead, more, reason, grace, outlook, prices, share, title, go, orders, aloud};
// what is missing is hidden.
export function view(state) {
  const kind = kindOf(state);
  return {
    kind, ...words[kind](state), ...chances(kind, state), reason: unexplained.includes(kind) ? '' : state.now.reason,
    grace: state.turn.returned && ['next', 'turn', 'again', 'paused'].includes(kind) ? t('room.returned') : '',
  };
}
