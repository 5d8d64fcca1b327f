/** The size of a BMP file, and whether it is whole. */

import { Fault } from "../core/fault.js";
import { little } from "./bytes.js";

const OLD_HEADER = 12; // bytes; newer ones are longer, and have numbers of 4 bytes
const PLAIN = [0, 3, 6]; // ways to store pixels that leave their number known: as they are, by masks

/**
 * @param {Uint8Array} content
 * @returns {import("./photo.js").Photo}
 * @throws {Fault} `truncated`
 */
export function readBmp(content) {
  const header = little(content, 14, 4);
  const old = header === OLD_HEADER;
  const side = (/** @type {number} */ at) => Math.abs(little(content, at, 4) | 0);
  const [width, height] = old
    ? [little(content, 18, 2), little(content, 20, 2)]
    : [side(18), side(22)];
  const bits = little(content, old ? 24 : 28, 2);
  const packing = old ? 0 : little(content, 30, 4);
  const line = Math.ceil((width * bits) / 32) * 4;
  if (PLAIN.includes(packing) && little(content, 10, 4) + line * height > content.length) {
    throw new Fault("truncated");
  }
  return { format: "BMP", bytes: new Uint8Array(content), width, height, orientation: 1 };
}
