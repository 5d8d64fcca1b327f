/** Image files, told by their content: what of them the pixels need, their size, and which way up. */

import { Fault } from "../core/fault.js";
import { MAX_PIXELS } from "../core/prepare.js";
import { says } from "./bytes.js";
import { readJpeg } from "./jpeg.js";

export const MAX_BYTES = 1 << 30; // of a file, as photos/decode.py

/** @typedef {"JPEG" | "PNG" | "WebP" | "GIF" | "BMP" | "AVIF" | "HEIC" | "TIFF" | "PPM"} Format */

/**
 * @typedef {object} Photo
 * @property {Format} format
 * @property {Uint8Array<ArrayBuffer>} bytes what its decoder needs, without metadata and profiles
 * @property {number} width as stored, in pixels; 0 where the decoder has to find it out
 * @property {number} height likewise
 * @property {number} orientation how stored pixels are to be turned, 1..8 as in EXIF
 */

/** @type {Record<Format, string>} what a Blob is called */
export const TYPES = {
  JPEG: "image/jpeg",
  PNG: "image/png",
  WebP: "image/webp",
  GIF: "image/gif",
  BMP: "image/bmp",
  AVIF: "image/avif",
  HEIC: "image/heic",
  TIFF: "image/tiff",
  PPM: "image/x-portable-pixmap",
};

/**
 * @param {Uint8Array} bytes
 * @returns {Format | null}
 */
export function formatOf(bytes) {
  if (says(bytes, "\xff\xd8\xff")) return "JPEG";
  if (says(bytes, "\x89PNG\r\n\x1a\n")) return "PNG";
  return null;
}

/**
 * @param {Uint8Array} bytes of a file
 * @returns {Promise<Photo>}
 * @throws {Fault} `not_a_photo`, `no_decoder`, `truncated`, `too_large`
 */
export async function readPhoto(bytes) {
  if (bytes.length > MAX_BYTES) {
    throw new Fault("too_large", { what: "bytes", got: bytes.length, limit: MAX_BYTES });
  }
  const format = formatOf(bytes);
  /** @type {Photo} */
  const photo =
    format === "JPEG"
      ? readJpeg(bytes)
      : { format: "PNG", bytes: new Uint8Array(bytes), width: 0, height: 0, orientation: 1 };
  checkSize(photo.width, photo.height);
  return photo;
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
