/** AVIF and HEIC: what their boxes say (ISO/IEC 14496-12 and 23008-12). */

import { Fault } from "../core/fault.js";
import { big, latin1, says } from "./bytes.js";

// those whose pictures are HEVC, as src_mindspore/photos/heif.py has them
const HEVC = ["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"];
const AVIF = ["avif", "avis"];
const HOLDERS = new Map([
  ["meta", 4], // bytes in front of the boxes in it
  ["iprp", 0],
  ["ipco", 0],
]);

/**
 * @param {Uint8Array} bytes
 * @returns {"AVIF" | "HEIC" | null}
 */
export function boxFormat(bytes) {
  if (!says(bytes, "ftyp", 4)) return null;
  const brand = latin1(bytes, 8, 12);
  if (AVIF.includes(brand)) return "AVIF";
  if (!HEVC.includes(brand)) return null;
  // mif1 is any picture of the standard: with these brands beside it, AVIF
  const beside = latin1(bytes, 16, Math.min(64, big(bytes, 0, 4))).match(/.{4}/gs) ?? [];
  const any = brand === "mif1" || brand === "msf1";
  return any && beside.some((name) => AVIF.includes(name)) ? "AVIF" : "HEIC";
}

/**
 * The file with its EXIF under another name: the container says how the picture is turned.
 *
 * @param {Uint8Array} content
 * @param {"AVIF" | "HEIC"} format
 * @returns {import("./photo.js").Photo}
 * @throws {Fault} `truncated`
 */
export function readBoxes(content, format) {
  const bytes = new Uint8Array(content);
  for (let at = find(bytes, "infe", 0); at >= 0; at = find(bytes, "infe", at + 1)) {
    for (const place of [12, 14]) {
      if (says(bytes, "Exif", at + place)) bytes.set([0x6e, 0x6f, 0x6e, 0x65], at + place);
    }
  }
  const sizes = largest(bytes, 0, bytes.length, true);
  return { format, bytes, width: sizes[0], height: sizes[1], orientation: 1 };
}

/**
 * The largest width and height of a picture's properties: those of the whole one, of what has tiles.
 *
 * @param {Uint8Array} bytes
 * @param {number} start
 * @param {number} end
 * @param {boolean} outermost
 * @returns {[number, number]}
 */
function largest(bytes, start, end, outermost) {
  /** @type {[number, number]} */
  let found = [0, 0];
  for (let at = start; at + 8 <= end; ) {
    const short = big(bytes, at, 4);
    const name = latin1(bytes, at + 4, at + 8);
    const head = short === 1 ? 16 : 8;
    const size = short === 1 ? big(bytes, at + 10, 6) : short === 0 ? end - at : short;
    if (size < head || !/^[\x20-\x7e]{4}$/.test(name)) break;
    if (outermost && at + size > end) throw new Fault("truncated");
    const body = at + head;
    const inside = HOLDERS.get(name);
    /** @type {[number, number]} */
    let sizes = [0, 0];
    if (name === "ispe") sizes = [big(bytes, body + 4, 4), big(bytes, body + 8, 4)];
    else if (inside !== undefined) {
      sizes = largest(bytes, body + inside, Math.min(end, at + size), false);
    }
    if (sizes[0] * sizes[1] > found[0] * found[1]) found = sizes;
    at += size;
  }
  return found;
}

/**
 * @param {Uint8Array} bytes
 * @param {string} name
 * @param {number} start
 */
function find(bytes, name, start) {
  const first = name.charCodeAt(0);
  for (let at = bytes.indexOf(first, start); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (says(bytes, name, at)) return at;
  }
  return -1;
}
