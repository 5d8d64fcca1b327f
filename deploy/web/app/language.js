import { STRINGS } from "./strings.js";

/** @typedef {import("./strings.js").LanguageCode} LanguageCode */
/** @typedef {Record<string, string | number>} Values */
/** @typedef {{en?: string, zh?: string, group?: {en?: string, zh?: string}}} Label */

/** What `>99%` and `<1%` keep from looking certain. */
const NEARLY = 0.995;
const HARDLY = 0.005;

/** The language of the page: texts, names of classes, numbers. */
export class Language {
  /** @param {LanguageCode} code */
  constructor(code) {
    this.code = code;
  }

  /**
   * A text with its places filled.
   * @param {string} key of strings.js
   * @param {Values} values by the names of the places
   * @returns {string}
   * @throws {Error} no such text
   */
  text(key, values = {}) {
    const found = STRINGS[this.code][key];
    if (found === undefined) throw new Error(`strings.js has no text ${key}`);
    return found.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? "?"));
  }

  /** @param {string} key */
  has(key) {
    return key in STRINGS[this.code];
  }

  /**
   * What a label or group is called: in this language, else in the other one, else `other`.
   * @param {Label | undefined} label
   * @param {string} other
   */
  name(label, other) {
    return label?.[this.code] || label?.en || label?.zh || other;
  }

  /**
   * A share as a person reads it: `93%`. Never 100% or 0%: a model is not certain.
   * @param {number} share 0 to 1
   */
  percent(share) {
    if (share >= NEARLY) return ">99%";
    if (share < HARDLY) return "<1%";
    return `${Math.round(100 * share)}%`;
  }

  /** @returns {LanguageCode} the one that the switch offers */
  get other() {
    return this.code === "en" ? "zh" : "en";
  }

  /** As in the attribute `lang`. */
  get tag() {
    return this.code === "zh" ? "zh-CN" : "en";
  }
}

/**
 * The language to begin with.
 * @param {string | null} chosen what was chosen the last time
 * @param {readonly string[]} preferred of the browser, in order
 * @returns {LanguageCode}
 */
export function firstLanguage(chosen, preferred) {
  if (chosen === "en" || chosen === "zh") return chosen;
  for (const tag of preferred) {
    const code = tag.toLowerCase().split("-")[0];
    if (code === "en" || code === "zh") return code;
  }
  return "en";
}
