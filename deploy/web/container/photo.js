/** Image files, told by their content: what of them the pixels need, their size, and which way up. */

import { Fault } from "../core/fault.js";
import { MAX_PIXELS } from "../core/prepare.js";
import { readBmp } from "./bmp.js";
import { boxFormat, readBoxes } from "./boxes.js";
import { says } from "./bytes.js";
import { readGif } from "./gif.js";
import { readJpeg } from "./jpeg.js";
import { readPng } from "./png.js";
import { isWebp, readWebp } from "./webp.js";

export const MAX_BYTES = 1 << 30; // of a file, as photos/decode.py

/** @typedef {"JPEG" | "PNG" | "WebP" | "GIF" | "BMP" | "AVIF" | "HEIC" | "TIFF" | "PPM"} Format */

/**
 * @typedef {object} Photo
 * @property {Format} format
 * @property {Uint8Array<ArrayBuffer>} bytes what its decoder needs, without metadata and profiles;
 *   empty of a PNG file
 * @property {number} width as stored, in pixels; 0 where the decoder has to find it out
 * @property {number} height likewise
 * @property {number} orientation how stored pixels are to be turned, 1..8 as in EXIF
 * @property {import("./png.js").Png} [png] of a PNG file, what `pngPixels` takes
 */

/**
 * @param {Uint8Array} bytes
 * @returns {Format | null}
 */
export function formatOf(bytes) {
  if (says(bytes, "\xff\xd8\xff")) return "JPEG";
  if (says(bytes, "\x89PNG\r\n\x1a\n")) return "PNG";
  if (isWebp(bytes)) return "WebP";
  if (says(bytes, "GIF87a") || says(bytes, "GIF89a")) return "GIF";
  if (says(bytes, "BM") && bytes.length > 30) return "BMP";
  if (says(bytes, "II*\0") || says(bytes, "MM\0*")) return "TIFF";
  if (/^P[1-6][\s#]/.test(String.fromCharCode(...bytes.subarray(0, 3)))) return "PPM";
  return boxFormat(bytes);
}

/**
 * @param {Uint8Array} bytes of a file
 * @returns {Promise<Photo>}
 * @throws {Fault} `not_a_photo`, `no_decoder`, `truncated`, `decode_failed`, `too_large`
 */
export async function readPhoto(bytes) {
  if (bytes.length > MAX_BYTES) {
    throw new Fault("too_large", { what: "bytes", got: bytes.length, limit: MAX_BYTES });
  }
  const format = formatOf(bytes);
  if (!format) throw new Fault("not_a_photo");
  const photo = await read(bytes, format);
  checkSize(photo.width, photo.height);
  return photo;
}

/**
 * @param {Uint8Array} bytes
 * @param {Format} format
 * @returns {Promise<Photo>}
 */
async function read(bytes, format) {
  switch (format) {
    case "JPEG":
      return readJpeg(bytes);
    case "PNG": {
      const { png, orientation } = await readPng(bytes);
      const { width, height } = png;
      return { format, bytes: new Uint8Array(0), width, height, orientation, png };
    }
    case "WebP":
      return readWebp(bytes);
    case "GIF":
      return readGif(bytes);
    case "BMP":
      return readBmp(bytes);
    case "AVIF":
    case "HEIC":
      return readBoxes(bytes, format);
    default:
      throw new Fault("no_decoder", { format });
  }
}

/**
 * @param {number} width
 * @param {number} height
 * @throws {Fault} `too_large`
 */
export function checkSize(width, height) {
  if (width * height > MAX_PIXELS) {
    throw new Fault("too_large", { what: "pixels", got: width * height, limit: MAX_PIXELS });
  }
}
