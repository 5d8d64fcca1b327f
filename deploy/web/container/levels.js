/** From samples of 16 bits to 8: src_mindspore/photos/values.py and deploy/cpp/src/levels.cc. */

import { overWhite } from "./white.js";

const VALUES = 1 << 16;
const OUTLIERS = 1000; // one of so many samples counts for nothing: hot pixels
const USUAL_BITS = [8, 10, 12, 14, 16];

/** @typedef {{low: number, high: number}} Range values that are black and white */

/**
 * @typedef {object} Deep
 * @property {Uint16Array} values of all pixels, sample after sample
 * @property {number} samples of a pixel, the last of 2 and 4 is alpha
 * @property {number | null} bits that the file says it uses
 * @property {number[] | null} clear the colour that stands for nothing
 */

/**
 * The range of a photo by itself: the bits it says it uses if its values keep to them, else the
 * smallest usual number of bits that holds them.
 *
 * @param {Deep} deep
 * @returns {Range}
 */
export function ownRange({ values, samples, bits }) {
  const colours = samples - (samples % 2 === 0 ? 1 : 0);
  const counts = new Uint32Array(VALUES);
  for (let at = 0; at < values.length; at += samples) {
    for (let c = 0; c < colours; c++) counts[values[at + c]]++;
  }
  const allowed = Math.floor(((values.length / samples) * colours) / OUTLIERS);
  let most = VALUES - 1;
  for (let above = counts[most]; above <= allowed && most > 0; above += counts[most]) most--;
  const said = bits !== null && bits >= 8 && bits < 16;
  const choice = said ? [bits, 16] : USUAL_BITS;
  const used = choice.find((n) => most < 1 << n) ?? 16;
  return { low: 0, high: (1 << used) - 1 };
}

/**
 * The level of every value. Whole bits lose their lower ones, as a shift does.
 *
 * @param {Range} range
 */
export function levelsOf({ low, high }) {
  const steps = high - low + 1;
  const whole = Number.isInteger(low) && Number.isInteger(high) && steps >= 256;
  const factor = whole ? 256 / steps : 255 / (high - low);
  const half = whole ? 0 : 0.5;
  const table = new Uint8ClampedArray(VALUES);
  for (let v = 0; v < VALUES; v++) table[v] = Math.floor((v - low) * factor + half);
  return table;
}

/**
 * @param {Deep} deep
 * @param {Range} range
 * @returns {Uint8ClampedArray} RGB, laid on white
 */
export function deepToRgb({ values, samples, clear }, range) {
  const levels = levelsOf(range);
  const colours = samples - (samples % 2 === 0 ? 1 : 0);
  const opacity = colours < samples ? levelsOf(alphaRange(values, samples, range)) : null;
  const rgb = new Uint8ClampedArray((values.length / samples) * 3);
  for (let at = 0, to = 0; at < values.length; at += samples, to += 3) {
    let alpha = opacity ? opacity[values[at + colours]] : 255;
    if (clear?.every((value, c) => values[at + c] === value)) alpha = 0;
    for (let c = 0; c < 3; c++) {
      rgb[to + c] = overWhite(levels[values[at + (colours === 1 ? 0 : c)]], alpha);
    }
  }
  return rgb;
}

/**
 * Alpha is full at the end of the range where it keeps to that, else at the end of its type.
 *
 * @param {Uint16Array} values
 * @param {number} samples
 * @param {Range} range
 * @returns {Range}
 */
function alphaRange(values, samples, range) {
  const top = Math.max(range.high, 1);
  for (let at = samples - 1; at < values.length; at += samples) {
    if (values[at] > top) return { low: 0, high: VALUES - 1 };
  }
  return { low: 0, high: top };
}
