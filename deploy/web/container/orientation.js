/**
 * Which way up a photo is, by the rules of src_mindspore/photos/orientation.py: a browser's own
 * reading differs where EXIF is damaged, and in what it makes of XMP.
 */

import { big, latin1, little, says } from "./bytes.js";

const ORIENTATION = 0x0112; // EXIF 2.32, table 4
/** @type {Record<number, number>} bytes of TIFF 6.0's whole numbers, by type */
const WHOLE = { 1: 1, 3: 2, 4: 4, 6: 1, 8: 2, 9: 4 };
const ENTRY = 12; // bytes of a directory entry
export const PREFIX = "Exif\0\0"; // before the block in JPEG; some programs write it elsewhere too
const XMP = /tiff:Orientation(?:="|>)([0-9])/;

/**
 * What an EXIF block (a TIFF header and its first directory) says: 1..8; null where it has no such
 * tag, 0 where that, or the block, is damaged.
 *
 * @param {Uint8Array} whole
 * @returns {number | null}
 */
export function exifOrientation(whole) {
  let block = whole;
  while (says(block, PREFIX)) block = block.subarray(PREFIX.length);
  const number = says(block, "II") ? little : says(block, "MM") ? big : null;
  // 42; some cameras write it in the other byte order
  if (!number || ![0x2a, 0x2a00].includes(big(block, 2, 2))) return 0;
  const directory = number(block, 4, 4);
  if (directory + 2 > block.length) return 0;
  const end = directory + 2 + number(block, directory, 2) * ENTRY;
  for (let entry = directory + 2; entry < end; entry += ENTRY) {
    if (entry + ENTRY > block.length) return 0;
    if (number(block, entry, 2) !== ORIENTATION) continue;
    const size = WHOLE[number(block, entry + 2, 2)];
    const count = number(block, entry + 4, 4);
    if (!size || count < 1 || count > Math.floor(4 / size)) return 0;
    return upright(number(block, entry + 8, size));
  }
  return null;
}

/**
 * `tiff:Orientation` of an XMP packet, likewise.
 *
 * @param {Uint8Array} packet
 * @returns {number | null}
 */
export function xmpOrientation(packet) {
  const found = XMP.exec(latin1(packet));
  return found ? upright(Number(found[1])) : null;
}

/**
 * The first of EXIF and XMP that says 1..8 counts; where neither does the photo is upright.
 *
 * @param {Uint8Array | null | undefined} exif
 * @param {Uint8Array | null | undefined} xmp
 * @returns {number} 1..8
 */
export function orientationOf(exif, xmp) {
  return (exif && exifOrientation(exif)) || (xmp && xmpOrientation(xmp)) || 1;
}

/** @param {number} value */
function upright(value) {
  return value >= 1 && value <= 8 ? value : 0;
}
