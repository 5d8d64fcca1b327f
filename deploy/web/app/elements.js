/**
 * An element of index.html by its id.
 *
 * @template {Element} T
 * @param {string} id
 * @param {new (...args: any[]) => T} kind
 * @returns {T}
 * @throws {Error} it is not there, or of another kind
 */
export function element(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`index.html has no ${kind.name} #${id}`);
  return found;
}

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
export function part(id) {
  return element(id, HTMLElement);
}

/**
 * Sets the text of an element; one that has it already is left alone, as a camera asks ten times a
 * second.
 * @param {Element} where
 * @param {string} text
 */
export function say(where, text) {
  if (where.textContent !== text) where.textContent = text;
}

/**
 * The width of the inner part of a bar.
 * @param {Element} bar
 * @param {number} share 0 to 1
 */
export function fill(bar, share) {
  const inner = /** @type {HTMLElement} */ (bar.firstElementChild);
  inner.style.transform = `scaleX(${Math.max(0, Math.min(share, 1)).toFixed(4)})`;
}
