/**
 * JSON as strictly as the side that trains reads it (src_mindspore/system/read.py): a key that is
 * twice in one table is refused, and whole numbers are told from real ones.
 *
 * JSON.parse does neither: it keeps the last of two keys, and 2.0 is 2 to it.
 */

const DEPTH = 500; // tables inside of tables; a spec has 4
const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?/y;
const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"/sy; // how far; JSON.parse judges what is in it
// Python writes and reads the last three; no rule of a spec accepts them
const WORDS = /true|false|null|NaN|Infinity|-Infinity/y;
/** @type {Record<string, boolean | null | number>} */
const MEANING = {
  true: true,
  false: false,
  null: null,
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
};

/** @typedef {{[key: string]: any}} Table a JSON object, without a prototype */

/** Text to values; `isWhole` tells 2 from 2.0. */
export class Json {
  /**
   * @param {string} text
   * @throws {SyntaxError} not JSON, a key twice, or nested too deeply
   */
  constructor(text) {
    this.text = text;
    this.at = 0;
    /** @type {WeakMap<object, Set<string>>} keys whose numbers were written as real ones */
    this.real = new WeakMap();
    /** @type {any} */
    this.value = this.read(0).value;
    this.skip(SPACE);
    if (this.at < text.length) this.fail("something follows the value");
  }

  /**
   * Whether the number under a key of a table or list stands there without point and exponent.
   *
   * @param {object} table
   * @param {string | number} key
   */
  isWhole(table, key) {
    const value = /** @type {any} */ (table)[key];
    return Number.isInteger(value) && !this.real.get(table)?.has(String(key));
  }

  /**
   * @param {number} depth
   * @returns {{value: any, real: boolean}}
   */
  read(depth) {
    if (depth > DEPTH) this.fail("nested too deeply");
    this.skip(SPACE);
    const first = this.text[this.at];
    if (first === "{") return { value: this.table(depth), real: false };
    if (first === "[") return { value: this.list(depth), real: false };
    if (first === '"') return { value: this.string(), real: false };
    const word = this.skip(WORDS);
    if (word) return { value: MEANING[word[0]], real: false };
    const number = this.skip(NUMBER);
    if (!number) return this.fail("a value is expected");
    return { value: Number(number[0]), real: Boolean(number[1] || number[2]) };
  }

  /** @param {number} depth */
  table(depth) {
    /** @type {Table} */
    const table = Object.create(null);
    this.at++;
    if (this.took("}")) return table;
    do {
      this.skip(SPACE);
      const key = this.string();
      if (key in table) this.fail(`the key ${JSON.stringify(key.slice(0, 80))} is there twice`);
      if (!this.took(":")) this.fail("a colon is expected");
      this.put(table, key, depth);
    } while (this.took(","));
    if (!this.took("}")) this.fail("a comma or } is expected");
    return table;
  }

  /** @param {number} depth */
  list(depth) {
    /** @type {any[]} */
    const list = [];
    this.at++;
    if (this.took("]")) return list;
    do this.put(list, String(list.length), depth);
    while (this.took(","));
    if (!this.took("]")) this.fail("a comma or ] is expected");
    return list;
  }

  /**
   * @param {any} holder
   * @param {string} key
   * @param {number} depth
   */
  put(holder, key, depth) {
    const { value, real } = this.read(depth + 1);
    holder[key] = value;
    if (!real) return;
    const keys = this.real.get(holder) ?? new Set();
    this.real.set(holder, keys.add(key));
  }

  /** @returns {string} */
  string() {
    const found = this.skip(STRING);
    return found ? JSON.parse(found[0]) : this.fail("a text is expected");
  }

  /** @param {string} sign whether it is next; it is passed over then */
  took(sign) {
    this.skip(SPACE);
    if (this.text[this.at] !== sign) return false;
    this.at++;
    return true;
  }

  /** @param {RegExp} pattern a sticky one */
  skip(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found) this.at = pattern.lastIndex;
    return found;
  }

  /**
   * @param {string} what
   * @returns {never}
   */
  fail(what) {
    throw new SyntaxError(`${what}, at character ${this.at}`);
  }
}
