/**
 * A PNG file's chunks, as far as its pixels need them: src_mindspore/photos/png_file.py. Text of any
 * length, profiles, gamma and animations are passed over unread, also where they are damaged.
 */

import { Fault } from "../core/fault.js";
import { big, latin1, says } from "./bytes.js";
import { inflatedText } from "./inflate.js";
import { orientationOf } from "./orientation.js";

const START = 8; // where the chunks begin
const HEADER = 13; // bytes of IHDR
const LONGEST = 1 << 20; // bytes of a text that is looked at for an orientation
const [XMP, PROFILE] = ["XML:com.adobe.xmp", "Raw profile type exif"];
const TEXTS = ["tEXt", "zTXt", "iTXt"];
/** Samples of a pixel, by colour type. */
export const SAMPLES = new Map([
  [0, 1],
  [2, 3],
  [3, 1],
  [4, 2],
  [6, 4],
]);
export const [GREY, PALETTE] = [0, 3];
const DEPTHS = new Map([
  [0, [1, 2, 4, 8, 16]],
  [2, [8, 16]],
  [3, [1, 2, 4, 8]],
  [4, [8, 16]],
  [6, [8, 16]],
]);

/**
 * @typedef {object} Png
 * @property {number} width pixels
 * @property {number} height pixels
 * @property {number} depth bits of a sample
 * @property {number} colour type, a key of `SAMPLES`
 * @property {boolean} interlaced
 * @property {Uint8Array} palette RGB
 * @property {Uint8Array | null} clear the tRNS chunk, where it fits
 * @property {number | null} bits how many of 16 are said to be used
 * @property {Uint8Array[]} pixels parts of the zlib stream
 * @property {boolean} whole whether the file goes on to its end chunk
 */

/**
 * @param {Uint8Array} content
 * @returns {Promise<{png: Png, orientation: number}>}
 * @throws {Fault} `truncated`; `decode_failed`: a header that is damaged or means nothing
 */
export async function readPng(content) {
  const png = headerOf(content);
  /** @type {Uint8Array | null} */
  let exif = null;
  /** @type {Map<string, Uint8Array>} */
  const texts = new Map();
  for (const { name, start, body, whole } of chunks(content)) {
    const intact = () =>
      whole && crcOf(content, start + 4, body.length + 4) === storedCrc(body, content);
    if (name === "IDAT") png.pixels.push(body);
    else if (name === "PLTE" && png.pixels.length === 0) png.palette = paletteOf(body, intact());
    else if (name === "tRNS" && !png.clear && png.pixels.length === 0 && fits(body, png)) {
      if (intact()) png.clear = body;
    } else if (name === "eXIf" && whole) exif ??= body;
    else if (name === "sBIT" && whole) png.bits ??= bitsOf(body, png.colour);
    else if (TEXTS.includes(name) && whole && body.length <= LONGEST) {
      const key = latin1(body, 0, Math.min(PROFILE.length + 1, body.length)).split("\0")[0];
      if ((key === XMP || key === PROFILE) && intact()) texts.set(key, await textOf(name, body));
    }
    png.whole = name === "IEND";
  }
  const profile = texts.get(PROFILE);
  if (!exif && profile) exif = hexIn(profile);
  if (png.colour === PALETTE && png.palette.length === 0) failed("no palette");
  return { png, orientation: orientationOf(exif, texts.get(XMP)) };
}

/**
 * Every chunk up to IEND, or to what is none any more; the last may be cut short.
 *
 * @param {Uint8Array} content
 */
function* chunks(content) {
  let at = START;
  while (at + 8 <= content.length) {
    const name = latin1(content, at + 4, at + 8);
    if (!/^[A-Za-z]{4}$/.test(name)) return;
    const length = big(content, at, 4);
    const body = content.subarray(at + 8, at + 8 + length);
    yield { name, start: at, body, whole: at + 12 + length <= content.length };
    if (name === "IEND") return;
    at += 12 + length;
  }
}

/**
 * @param {Uint8Array} content
 * @returns {Png}
 */
function headerOf(content) {
  if (content.length < START + 12 + HEADER) throw new Fault("truncated");
  const at = START + 8;
  const good =
    says(content, "IHDR", START + 4) &&
    big(content, START, 4) === HEADER &&
    crcOf(content, START + 4, HEADER + 4) === big(content, at + HEADER, 4);
  if (!good) failed("its header is damaged");
  const [width, height] = [big(content, at, 4), big(content, at + 4, 4)];
  const [depth, colour, packing, filter, interlaced] = content.subarray(at + 8, at + HEADER);
  if (width === 0 || height === 0) failed("no pixels");
  if (!DEPTHS.get(colour)?.includes(depth) || packing || filter) failed("its header means nothing");
  return {
    ...{ width, height, depth, colour, interlaced: interlaced !== 0 },
    ...{ palette: new Uint8Array(0), clear: null, bits: null, pixels: [], whole: false },
  };
}

/**
 * @param {string} reason
 * @returns {never}
 */
export function failed(reason) {
  throw new Fault("decode_failed", { format: "PNG", reason });
}

/**
 * @param {Uint8Array} body
 * @param {boolean} intact
 */
function paletteOf(body, intact) {
  if (!intact || body.length % 3 !== 0 || body.length > 768) failed("its palette is damaged");
  return body;
}

/**
 * Whether a tRNS chunk has the length that the colour type asks for.
 *
 * @param {Uint8Array} body
 * @param {Png} png
 */
function fits(body, { colour, palette }) {
  if (colour === PALETTE) return body.length >= 1 && body.length <= palette.length / 3;
  return body.length === (colour === GREY ? 2 : colour === 2 ? 6 : -1);
}

/**
 * How many bits of 16 the file says it uses: one figure for all, the largest of the colours'.
 *
 * @param {Uint8Array} body of sBIT
 * @param {number} colour
 */
function bitsOf(body, colour) {
  const said = body.subarray(0, colour === 2 || colour === 6 ? 3 : 1);
  const most = said.length === (colour === 2 || colour === 6 ? 3 : 1) ? Math.max(...said) : 0;
  return most > 0 ? most : null;
}

/**
 * The text of a chunk; empty where it is damaged.
 *
 * @param {string} name
 * @param {Uint8Array} body
 * @returns {Promise<Uint8Array>}
 */
async function textOf(name, body) {
  const rest = body.subarray(body.indexOf(0) + 1);
  if (name === "tEXt") return rest;
  if (name === "zTXt") return rest[0] === 0 ? inflatedText(rest.subarray(1), LONGEST) : EMPTY;
  // iTXt: whether it is packed, how, a language, the key in it, the text
  const language = rest.indexOf(0, 2);
  const key = language < 0 ? -1 : rest.indexOf(0, language + 1);
  const text = key < 0 ? EMPTY : rest.subarray(key + 1);
  if (rest[0] !== 1) return text;
  return rest[1] === 0 ? inflatedText(text, LONGEST) : EMPTY;
}

const EMPTY = new Uint8Array(0);

/**
 * EXIF as some programs write it: a few lines of text, then hexadecimal.
 *
 * @param {Uint8Array} text
 */
function hexIn(text) {
  const digits = latin1(text)
    .split("\n")
    .slice(3)
    .join("")
    .replace(/[^0-9a-fA-F]/g, "");
  return Uint8Array.from({ length: digits.length >> 1 }, (_, i) =>
    Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16),
  );
}

/**
 * The checksum that stands behind a chunk.
 *
 * @param {Uint8Array} body
 * @param {Uint8Array} content
 */
function storedCrc(body, content) {
  return big(content, body.byteOffset - content.byteOffset + body.length, 4);
}

/**
 * CRC-32 (PNG specification, annex D).
 *
 * @param {Uint8Array} bytes
 * @param {number} start
 * @param {number} count
 */
function crcOf(bytes, start, count) {
  let crc = 0xffffffff;
  for (let i = start; i < start + count; i++) {
    crc ^= bytes[i];
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
