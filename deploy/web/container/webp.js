/** A WebP file without what stands beside its pixels: src_mindspore/photos/webp_file.py. */

import { Fault } from "../core/fault.js";
import { joined, latin1, little, says } from "./bytes.js";
import { orientationOf } from "./orientation.js";

const PIXELS = ["VP8 ", "VP8L", "ALPH", "ANIM", "ANMF"];
const BESIDE = 0x20 | 0x08 | 0x04; // flags of VP8X: there is a profile, EXIF, XMP

/** @param {Uint8Array} bytes */
export function isWebp(bytes) {
  return says(bytes, "RIFF") && says(bytes, "WEBP", 8);
}

/**
 * @param {Uint8Array} content
 * @returns {import("./photo.js").Photo}
 * @throws {Fault} `truncated`
 */
export function readWebp(content) {
  const kept = [content.slice(0, 12)];
  /** @type {Map<string, Uint8Array>} */
  const beside = new Map();
  let [width, height] = [0, 0];
  for (let at = 12; at + 8 <= content.length; ) {
    const name = latin1(content, at, at + 4);
    const size = little(content, at + 4, 4);
    const end = at + 8 + size + (size % 2);
    if ((name === "VP8X" && size >= 1) || PIXELS.includes(name)) {
      if (end > content.length) throw new Fault("truncated");
      const chunk = content.slice(at, end);
      if (name === "VP8X") chunk[8] &= ~BESIDE;
      if (width === 0) [width, height] = sizeIn(name, chunk.subarray(8));
      kept.push(chunk);
    } else if (at + 8 + size <= content.length && !beside.has(name)) {
      beside.set(name, content.subarray(at + 8, at + 8 + size));
    }
    at = end;
  }
  const bytes = joined(kept);
  new DataView(bytes.buffer).setUint32(4, bytes.length - 8, true);
  const orientation = orientationOf(beside.get("EXIF"), beside.get("XMP "));
  return { format: "WebP", bytes, width, height, orientation };
}

/**
 * Width and height by a chunk, 0 of one that has none (RFC 9649, 2.5 to 2.7; RFC 6386, 9.1).
 *
 * @param {string} name
 * @param {Uint8Array} body
 */
function sizeIn(name, body) {
  if (name === "VP8X") return [little(body, 4, 3) + 1, little(body, 7, 3) + 1];
  if (name === "VP8 ") return [little(body, 6, 2) & 0x3fff, little(body, 8, 2) & 0x3fff];
  if (name !== "VP8L") return [0, 0];
  const bits = little(body, 1, 4);
  return [(bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1];
}
