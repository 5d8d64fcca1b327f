/** What is remembered between visits; in a private window, until the page is closed. */
export class Storage {
  /** @type {Map<string, string>} */
  #here = new Map();

  /**
   * @param {string} key
   * @returns {string | null}
   */
  get(key) {
    try {
      const kept = localStorage.getItem(`pocketlens.${key}`);
      if (kept !== null) return kept;
    } catch {
      // a browser may forbid storage: the reading itself throws then
    }
    return this.#here.get(key) ?? null;
  }

  /**
   * @param {string} key
   * @param {string} value
   */
  set(key, value) {
    this.#here.set(key, value);
    try {
      localStorage.setItem(`pocketlens.${key}`, value);
    } catch {
      // forbidden or full: it is remembered until the page is closed
    }
  }
}
