// The page's elements by their ids, and their texts.
export const at = (id) => document.getElementById(id);

// write sets a text, hides what has none, and touches nothing that is so already: screen readers notice every touch.
export function write(element, text) {
  element.hidden = !text;
  if (text && element.textContent !== text) element.textContent = text;
}

// dress adds a style sheet and waits for it.
export const dress = (href) => new Promise((loaded, failed) => {
  document.head.append(Object.assign(document.createElement('link'), { rel: 'stylesheet', href, onload: loaded, onerror: failed }));
});
