/** Pixels of an image file, by the browser's decoders, without what browsers do to colours. */

import { Fault } from "../core/fault.js";
import { checkSize } from "./photo.js";
import { pngPixels } from "./png_pixels.js";
import { layOf, uprightRows } from "./turned.js";
import { overWhite } from "./white.js";

// read at once: phones bound the size of a canvas, and a frame of a camera takes one reading
const STRIP_PIXELS = 1 << 20;

// of these the header says what the decoder must give; others turn it, or make it larger
const SURE = ["JPEG", "WebP", "BMP"];

/** @typedef {import("../core/resample.js").RowSource} RowSource */
/** @typedef {import("./photo.js").Photo} Photo */

/**
 * @param {Photo} photo
 * @param {{low: number, high: number} | null} range of deep photos, of the model
 * @param {Canvas} canvas
 * @returns {Promise<{rows: RowSource, close: () => void}>} upright, laid on white; to be closed
 * @throws {Fault} `no_decoder`, `decode_failed`, `too_large`, `truncated`, `out_of_memory`
 */
export async function decoded(photo, range, canvas) {
  if (photo.png) {
    const rgb = await pngPixels(photo.png, range);
    const rows = uprightRows(rgb, photo.width, photo.height, photo.orientation);
    return { rows, close: () => {} };
  }
  const bitmap = await bitmapOf(photo);
  return { rows: bitmapRows(bitmap, photo.orientation, canvas), close: () => bitmap.close() };
}

/**
 * @param {Photo} photo
 * @returns {Promise<ImageBitmap>}
 */
async function bitmapOf({ format, bytes, width, height }) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(new Blob([bytes], { type: `image/${format.toLowerCase()}` }), {
      colorSpaceConversion: "none",
      premultiplyAlpha: "none",
      imageOrientation: "from-image",
    });
  } catch (error) {
    throw Fault.of(error, format === "HEIC" ? "no_decoder" : "decode_failed", { format });
  }
  const { width: w, height: h } = bitmap;
  if (SURE.includes(format) && !(w === width && h === height)) {
    bitmap.close();
    throw new Fault("decode_failed", { format, reason: `${w} x ${h} is not ${width} x ${height}` });
  }
  checkSize(w, h);
  return bitmap;
}

/** Reads parts of bitmaps; a canvas of a size that was read before is used again. */
export class Canvas {
  constructor() {
    this.canvas = new OffscreenCanvas(1, 1);
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
  }

  /**
   * @param {ImageBitmap} bitmap
   * @param {number} x
   * @param {number} y
   * @param {number} width
   * @param {number} height
   * @returns {Uint8ClampedArray} RGBA, (height, width, 4); transparent beyond the bitmap
   */
  read(bitmap, x, y, width, height) {
    const { canvas, context } = this;
    if (!context) throw new Fault("out_of_memory", { reason: "no canvas" });
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    context.clearRect(0, 0, width, height);
    context.drawImage(bitmap, -x, -y);
    return context.getImageData(0, 0, width, height).data;
  }
}

/**
 * Upright rows of a bitmap, laid on white. It is read in strips of stored rows, or of columns where
 * the photo lies on its side, so that there is never a second copy of all of it.
 *
 * @param {ImageBitmap} bitmap
 * @param {number} orientation 1..8
 * @param {Canvas} canvas
 * @returns {RowSource}
 */
export function bitmapRows(bitmap, orientation, canvas) {
  const { turned, mirrorX, mirrorY } = layOf(orientation);
  const [width, height] = turned ? [bitmap.height, bitmap.width] : [bitmap.width, bitmap.height];
  const backwards = turned ? mirrorX : mirrorY; // strips, from the last one
  const reversed = turned ? mirrorY : mirrorX; // pixels of a row
  const strip = Math.max(1, Math.min(height, Math.floor(STRIP_PIXELS / width)));
  const [across, down] = turned ? [strip, width] : [width, strip];
  const row = new Uint8ClampedArray(width * 3);
  let first = -strip; // stored line at which the strip begins
  /** @type {Uint8ClampedArray} */
  let pixels = new Uint8ClampedArray(0);
  const read = (/** @type {number} */ line) => {
    first = line - (line % strip);
    pixels = canvas.read(bitmap, turned ? first : 0, turned ? 0 : first, across, down);
  };
  return {
    width,
    height,
    row: (y) => {
      const line = backwards ? height - 1 - y : y;
      if (line < first || line >= first + strip) read(line);
      const step = (turned ? strip : 1) * (reversed ? -4 : 4);
      const start = (line - first) * (turned ? 1 : width) * 4;
      const from = start + (reversed ? (width - 1) * -step : 0);
      toRgb(pixels, from, step, row);
      return row;
    },
  };
}

/**
 * A row of RGBA laid on white, rounded to the nearest.
 *
 * @param {Uint8ClampedArray} rgba
 * @param {number} start
 * @param {number} step bytes to the next pixel
 * @param {Uint8ClampedArray} row
 */
function toRgb(rgba, start, step, row) {
  for (let from = start, to = 0; to < row.length; from += step, to += 3) {
    const alpha = rgba[from + 3];
    if (alpha === 255) {
      row[to] = rgba[from];
      row[to + 1] = rgba[from + 1];
      row[to + 2] = rgba[from + 2];
    } else {
      row[to] = overWhite(rgba[from], alpha);
      row[to + 1] = overWhite(rgba[from + 1], alpha);
      row[to + 2] = overWhite(rgba[from + 2], alpha);
    }
  }
}
