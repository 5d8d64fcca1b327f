/** A JPEG file without what stands beside its pixels: src_mindspore/photos/jpeg_file.py. */

import { Fault } from "../core/fault.js";
import { big, joined, says } from "./bytes.js";
import { orientationOf, PREFIX } from "./orientation.js";

const XMP = "http://ns.adobe.com/xap/1.0/\0";
const [APP0, APP1, APP14, APP15, COMMENT] = [0xe0, 0xe1, 0xee, 0xef, 0xfe];
const [SCAN, END] = [0xda, 0xd9];
// JFIF and Adobe segments say how colours are stored; shorter ones say nothing (jdmarker.c)
const COLOUR = new Map([
  [APP0, 14],
  [APP14, 12],
]);
const NO_FRAME = [0xc4, 0xc8, 0xcc]; // of the markers 0xC0 to 0xCF: tables, and one that is free

/**
 * The file without EXIF, XMP, profiles, further pictures and comments.
 *
 * Bytes between segments, where one has a wrong length, are passed over, as libjpeg does.
 *
 * @param {Uint8Array} content
 * @returns {import("./photo.js").Photo}
 * @throws {Fault} `truncated`: no end marker behind the pixels
 */
export function readJpeg(content) {
  const kept = [content.subarray(0, 2)];
  let [exif, xmp] = /** @type {(Uint8Array | null)[]} */ ([null, null]);
  let [width, height] = [0, 0];
  let at = 2;
  while (at + 4 <= content.length) {
    const marker = content[at + 1];
    if (content[at] !== 0xff || marker === 0) {
      const following = content.indexOf(0xff, at + 1);
      if (following < 0) break;
      at = following;
      continue;
    }
    if (marker === 0xff) {
      at++; // a byte that fills
      continue;
    }
    const size = big(content, at + 2, 2);
    const end = at + 2 + size;
    // markers below 0xC0 have no size; the scan is followed by pixels
    if (marker < 0xc0 || (marker >= 0xd0 && marker <= 0xd8) || marker === SCAN || size < 2) break;
    if (end > content.length) break;
    const body = content.subarray(at + 4, end);
    if (marker === APP1 && !exif && says(body, PREFIX)) exif = body;
    else if (marker === APP1 && !xmp && says(body, XMP)) xmp = body.subarray(XMP.length);
    const aside = (marker >= APP0 && marker <= APP15) || marker === COMMENT;
    if (!aside || body.length >= (COLOUR.get(marker) ?? Number.POSITIVE_INFINITY)) {
      kept.push(content.subarray(at, end));
    }
    if (marker >= 0xc0 && marker <= 0xcf && !NO_FRAME.includes(marker) && width === 0) {
      [height, width] = [big(body, 1, 2), big(body, 3, 2)];
    }
    at = end;
  }
  kept.push(content.subarray(at, endOf(content, at)));
  const orientation = orientationOf(exif, xmp);
  return { format: "JPEG", bytes: joined(kept), width, height, orientation };
}

/**
 * Where the picture ends, whose first scan is at `start`: some browsers paint what there is of a
 * file that is cut short.
 *
 * @param {Uint8Array} content
 * @param {number} start
 */
function endOf(content, start) {
  let at = start;
  for (;;) {
    at = content.indexOf(0xff, at);
    if (at < 0 || at + 1 >= content.length) throw new Fault("truncated");
    const marker = content[at + 1];
    if (marker === END) return at + 2;
    // within a scan: a stuffed zero, a byte that fills, restarts
    const inside = marker === 0 || marker === 0xff || (marker >= 0xd0 && marker <= 0xd8);
    at += inside ? (marker === 0xff ? 1 : 2) : 2 + Math.max(0, big(content, at + 2, 2));
  }
}
