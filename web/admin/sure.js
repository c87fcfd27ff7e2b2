// The question before something happens to many: what, to how many; then it is done, and a refusal is said in its place.
import { signedOut } from './session.js';

/**
 * makeSure takes the dialog and gives ask({title, lines, button, danger, act}): act() → {title, lines, button} to ask again, or null. A
 * question without a button can only be closed.
 */
export function makeSure(dialog) {
  const part = (name) => dialog.querySelector(`[data-sure-${name}]`);
  const yes = part('yes'), no = part('no'), busy = part('busy'), error = part('error'), leave = no.textContent;
  let now = null;

  const show = (question) => {
    now = { ...now, ...question };
    part('title').textContent = now.title;
    part('lines').replaceChildren(...now.lines.map((text) => Object.assign(document.createElement('li'), { textContent: text, dir: 'auto' })));
    yes.textContent = now.button;
    yes.hidden = !now.button;
    no.textContent = now.button ? leave : 'Close';
    yes.classList.toggle('danger', now.danger === true);
    error.hidden = true;
  };
  yes.addEventListener('click', async () => {
    work(true);
    try {
      const more = await now.act();
      if (more) show(more);
      else dialog.close();
    } catch (problem) {
      if (problem.status === undefined) throw problem;
      if (problem.status === 401) error.replaceChildren(...signedOut());
      else error.textContent = problem.status === 0 ? 'The server cannot be reached. Nothing happened yet.' : problem.detail ?? 'The server did not answer. Look at the list before you try again.';
      error.hidden = false;
    } finally {
      work(false);
    }
  });
  // While it is done there is nothing to leave as it is.
  const work = (on) => {
    yes.disabled = no.disabled = on;
    if (on) error.hidden = true;
    busy.replaceChildren(...(on ? ['Working… ', Object.assign(document.createElement('progress'), { ariaLabel: 'Working' })] : []));
    if (on) busy.focus();
    else if (dialog.open) no.focus();
  };
  dialog.addEventListener('cancel', (e) => { if (no.disabled) e.preventDefault(); });
  no.addEventListener('click', () => dialog.close());
  return (question) => {
    show(question);
    dialog.showModal();
    no.focus();
  };
}
