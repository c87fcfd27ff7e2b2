// A deadline counted down by the server's clock.
import { now } from './clock.js';

/**
 * countdown calls tick(text, ms) now and with every second until stopped; minute(seconds) once, when a minute or less is
 * left; end() at the end. The text is "7:42".
 */
export function countdown(deadline, { tick, minute, end }) {
  let timer = 0, warned = false;
  const step = () => {
    const left = Math.max(0, deadline - now()), seconds = Math.ceil(left / 1000);
    tick(spell(seconds), left);
    if (!warned && seconds <= 60 && seconds > 0) {
      warned = true;
      minute?.(seconds);
    }
    if (left === 0) return end?.();
    // On the full second of the deadline, wherever this tick fell.
    timer = setTimeout(step, left % 1000 || 1000);
    return undefined;
  };
  step();
  return () => clearTimeout(timer);
}

/** spell writes seconds as a clock does: 462 is "7:42". */
export const spell = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
