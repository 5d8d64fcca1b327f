/** The small checks that the rules of a spec are made of. */

import { Fault } from "./fault.js";

const MAX_NAME = 255; // characters of a file name
const MAX_SHOWN = 80; // characters of a value in a message
const NO_TEXT = /[\0\p{Surrogate}]/u; // not in file names, not in UTF-8

/** @typedef {import("./json.js").Table} Table */

/**
 * @param {string} key
 * @param {string} rule what would have been accepted
 * @param {unknown} got
 * @returns {never}
 */
export function bad(key, rule, got) {
  throw new Fault("spec_bad", { key, rule, got: shown(got) });
}

/**
 * A value, short enough for a message.
 *
 * @param {unknown} value
 */
export function shown(value) {
  const whole = typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing");
  return whole.length > MAX_SHOWN ? `${whole.slice(0, MAX_SHOWN - 3)}...` : whole;
}

/**
 * @param {any} value
 * @returns {value is Table}
 */
export function isTable(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * @param {Table} table
 * @param {string} key
 * @param {string} [path]
 * @returns {any}
 */
export function need(table, key, path = "") {
  return key in table ? table[key] : bad(path ? `${path}.${key}` : key, "there", undefined);
}

/**
 * @param {any} table
 * @param {string[]} keys
 * @param {string} path
 */
export function only(table, keys, path) {
  if (!isTable(table)) bad(path, "a table", table);
  for (const key of Object.keys(table)) {
    if (!keys.includes(key)) bad(path, `the keys ${keys.join(", ")}`, key);
  }
}

/**
 * @param {any} value
 * @param {number} count
 * @param {string} key
 * @returns {number[]}
 */
export function numbers(value, count, key) {
  if (!Array.isArray(value) || value.length !== count || !value.every(Number.isFinite)) {
    bad(key, `${count} finite numbers`, value);
  }
  return value;
}

/**
 * @param {any} value
 * @param {string} key
 * @returns {string} as it is: without zeros and halves of characters
 */
export function text(value, key) {
  return typeof value === "string" && !NO_TEXT.test(value) ? value : bad(key, "a text", value);
}

/**
 * The name of a file or folder, and no way to another folder.
 *
 * @param {any} value
 * @param {string} key
 * @returns {string}
 */
export function fileNamed(value, key) {
  const good =
    typeof value === "string" &&
    !["", ".", ".."].includes(value) &&
    !value.includes("/") &&
    !NO_TEXT.test(value) &&
    [...value].length <= MAX_NAME;
  return good ? value : bad(key, "the name of a file or folder", value);
}
