/**
 * Pixels of a PNG file, by a reader of our own: browsers apply its gamma, keep 8 of 16 bits, and
 * lose bits of what is transparent.
 */

import { Fault } from "../core/fault.js";
import { inflate } from "./inflate.js";
import { deepToRgb, ownRange } from "./levels.js";
import { failed, GREY, PALETTE, SAMPLES } from "./png.js";
import { Lines } from "./png_lines.js";
import { overWhite } from "./white.js";

/** @typedef {import("./png.js").Png} Png */
/** @typedef {import("./png_lines.js").Place} Place */

/**
 * @param {Png} png
 * @param {{low: number, high: number} | null} range of deep photos, of the model; null: the photo's
 * @returns {Promise<Uint8ClampedArray>} (height, width, 3) RGB as stored, laid on white
 * @throws {Fault} `truncated`, `decode_failed`, `out_of_memory`
 */
export async function pngPixels(png, range) {
  const picture = png.depth === 16 ? new DeepPicture(png, range) : new Picture(png);
  const lines = new Lines(png, (line, place) => picture.take(line, place));
  try {
    await inflate(png.pixels, (chunk) => lines.push(chunk));
  } catch (error) {
    if (error instanceof Fault || error instanceof RangeError) throw error;
    if (!png.whole) throw new Fault("truncated");
    failed(/** @type {Error} */ (error).message);
  }
  if (!lines.done) throw new Fault("truncated");
  return picture.rgb();
}

/** Samples of up to 8 bits become colours line by line. */
class Picture {
  /** @param {Png} png */
  constructor(png) {
    this.png = png;
    this.samples = SAMPLES.get(png.colour) ?? 0;
    this.pixels = new Uint8ClampedArray(png.width * png.height * 3);
    this.clear = clearOf(png);
    this.scale = png.colour === GREY ? 255 / ((1 << png.depth) - 1) : 1;
  }

  /**
   * @param {Uint8Array} line
   * @param {Place} place
   */
  take(line, { x, step, width, y }) {
    const { png, samples, pixels, clear } = this;
    const row = png.depth < 8 ? unpacked(line, png.depth, width) : line;
    let to = (y * png.width + x) * 3;
    if (samples === 3 && step === 1 && !clear) {
      pixels.set(row, to);
      return;
    }
    const indexed = png.colour === PALETTE;
    const alphaAt = samples === 2 || samples === 4 ? samples - 1 : 0;
    for (let i = 0; i < width * samples; i += samples, to += step * 3) {
      let alpha = alphaAt ? row[i + alphaAt] : 255;
      if (indexed) {
        alpha = png.clear?.[row[i]] ?? 255;
        // entries that the file does not have are black
        for (let c = 0; c < 3; c++) pixels[to + c] = png.palette[row[i] * 3 + c] ?? 0;
      } else {
        for (let c = 0; c < 3; c++) pixels[to + c] = row[i + (samples >= 3 ? c : 0)] * this.scale;
      }
      if (clear?.every((value, c) => pixels[to + c] === value)) alpha = 0;
      if (alpha < 255) {
        for (let c = 0; c < 3; c++) pixels[to + c] = overWhite(pixels[to + c], alpha);
      }
    }
  }

  rgb() {
    return this.pixels;
  }
}

/** All samples of 16 bits have to be there before it is known what they mean. */
class DeepPicture {
  /**
   * @param {Png} png
   * @param {{low: number, high: number} | null} range
   */
  constructor(png, range) {
    this.png = png;
    this.range = range;
    this.samples = SAMPLES.get(png.colour) ?? 0;
    this.values = new Uint16Array(png.width * png.height * this.samples);
  }

  /**
   * @param {Uint8Array} line
   * @param {Place} place
   */
  take(line, { x, step, width, y }) {
    const { values, samples } = this;
    let to = (y * this.png.width + x) * samples;
    for (let i = 0, from = 0; i < width; i++, to += step * samples) {
      for (let c = 0; c < samples; c++, from += 2) {
        values[to + c] = (line[from] << 8) | line[from + 1];
      }
    }
  }

  rgb() {
    const { values, samples } = this;
    const { bits } = this.png;
    const deep = { values, samples, bits, clear: clearOf(this.png) };
    return deepToRgb(deep, this.range ?? ownRange(deep));
  }
}

/**
 * The one colour that is transparent; null where none is. With up to 8 bits the low byte of what
 * the file says counts, in grey of 2 and 4 bits against the sample's level: as Pillow has it.
 *
 * @param {Png} png
 * @returns {number[] | null}
 */
function clearOf({ colour, depth, clear }) {
  if (!clear || colour === PALETTE) return null;
  const said = Array.from({ length: clear.length >> 1 }, (_, c) =>
    depth === 16 ? (clear[2 * c] << 8) | clear[2 * c + 1] : clear[2 * c + 1],
  );
  if (colour !== GREY || depth === 16) return said;
  const value = depth === 1 ? ((clear[0] | clear[1]) !== 0 ? 255 : 0) : said[0];
  return [value, value, value];
}

/**
 * A byte a sample.
 *
 * @param {Uint8Array} line
 * @param {number} depth 1, 2 or 4
 * @param {number} count
 */
function unpacked(line, depth, count) {
  const row = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const bit = i * depth;
    row[i] = (line[bit >> 3] >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
  }
  return row;
}
