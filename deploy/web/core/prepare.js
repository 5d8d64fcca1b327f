/** From upright RGB pixels to the model's input tensor: src_mindspore/photos/transform.py. */

import { Fault } from "./fault.js";
import { CHANNELS, resample } from "./resample.js";

/** @typedef {import("./resample.js").RowSource} RowSource */
/** @typedef {import("./spec.js").InputSpec} InputSpec */

export const MAX_PIXELS = 100_000_000; // as photos/decode.py; also of a strip that is resized

/**
 * To the nearest whole number, halves to the even neighbour, as Python rounds.
 *
 * @param {number} x 0 or more
 */
export function roundEven(x) {
  const below = Math.floor(x);
  const rest = x - below;
  return rest < 0.5 || (rest === 0.5 && below % 2 === 0) ? below : below + 1;
}

/**
 * Resize, then crop, as the spec says; only what is left after the crop is computed.
 *
 * @param {RowSource} photo
 * @param {InputSpec} input
 * @returns {Uint8ClampedArray} (H, W, 3), RGB
 * @throws {Fault} `too_large`: so long a strip that its resized form is above `MAX_PIXELS`
 */
export function prepare(photo, input) {
  let [height, width] = input.resize.size;
  if (input.resize.rule === "shorter_side") {
    const side = height;
    const scale = side / Math.min(photo.width, photo.height);
    width = Math.max(side, roundEven(photo.width * scale));
    height = Math.max(side, roundEven(photo.height * scale));
    if (width * height > MAX_PIXELS) {
      throw new Fault("too_large", { what: "pixels", got: width * height, limit: MAX_PIXELS });
    }
  }
  const [rows, columns] = input.size;
  // of an odd remainder the smaller part is above and on the left
  const x = { from: photo.width, to: width, first: (width - columns) >> 1, count: columns };
  const y = { from: photo.height, to: height, first: (height - rows) >> 1, count: rows };
  return resample(photo, x, y, input.resize.interpolation);
}

/**
 * `x * (1 / std) - mean * (1 / std)` with every operation rounded to float32, as where the model
 * was trained.
 *
 * @param {Uint8ClampedArray} pixels (H, W, 3), RGB
 * @param {InputSpec} input
 * @param {"NCHW" | "NHWC"} layout of the tensor
 * @returns {Float32Array}
 */
export function normalise(pixels, input, layout) {
  const { fround } = Math;
  const plane = pixels.length / CHANNELS;
  const tensor = new Float32Array(pixels.length);
  for (let c = 0; c < CHANNELS; c++) {
    const scale = fround(1 / fround(input.std[c]));
    const shift = fround(-fround(input.mean[c]) * scale);
    const table = Float32Array.from({ length: 256 }, (_, v) => fround(v * scale) + shift);
    const [begin, step] = layout === "NCHW" ? [c * plane, 1] : [c, CHANNELS];
    for (let p = c, to = begin; p < pixels.length; p += CHANNELS, to += step) {
      tensor[to] = table[pixels[p]];
    }
  }
  return tensor;
}

/**
 * Rows of upright RGB pixels that are in memory.
 *
 * @param {Uint8Array | Uint8ClampedArray} rgb
 * @param {number} width
 * @param {number} height
 * @returns {RowSource}
 */
export function rowsOf(rgb, width, height) {
  const length = width * CHANNELS;
  return { width, height, row: (y) => rgb.subarray(y * length, (y + 1) * length) };
}

/**
 * All rows, in memory.
 *
 * @param {RowSource} rows
 * @returns {import("./faces.js").Pixels}
 */
export function pixelsOf(rows) {
  const { width, height } = rows;
  const rgb = new Uint8ClampedArray(width * height * CHANNELS);
  for (let y = 0; y < height; y++) rgb.set(rows.row(y), y * width * CHANNELS);
  return { rgb, width, height };
}
