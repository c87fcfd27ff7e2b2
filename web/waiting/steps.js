// The page of one step of joining, where it was not put into the event's own page.
import { at } from './write.js';
import { begin, send } from './join.js';

const done = () => location.assign(`/events/${encodeURIComponent(at('event').dataset.event)}/place`);
at('asks').addEventListener('submit', (submit) => {
  submit.preventDefault();
  send(submit.target, done);
});
begin(done);
