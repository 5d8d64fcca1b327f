/** The first picture of a GIF file (GIF89a specification). */

import { Fault } from "../core/fault.js";
import { joined, little } from "./bytes.js";

const [EXTENSION, PICTURE, END] = [0x21, 0x2c, 0x3b];

/**
 * @param {Uint8Array} content
 * @returns {import("./photo.js").Photo}
 * @throws {Fault} `truncated`; `decode_failed`: no picture
 */
export function readGif(content) {
  let at = 13 + tableBytes(content[10]);
  for (;;) {
    if (at >= content.length) throw new Fault("truncated");
    const kind = content[at];
    if (kind === EXTENSION) at = blocksEnd(content, at + 2);
    else if (kind === PICTURE) {
      at = blocksEnd(content, at + 11 + tableBytes(content[at + 9]));
      break;
    } else throw new Fault("decode_failed", { format: "GIF", reason: "no picture" });
  }
  const bytes = joined([content.subarray(0, at), Uint8Array.of(END)]);
  const [width, height] = [little(content, 6, 2), little(content, 8, 2)];
  return { format: "GIF", bytes, width, height, orientation: 1 };
}

/** @param {number} flags that say how many colours follow */
function tableBytes(flags) {
  return flags & 0x80 ? 3 << ((flags & 7) + 1) : 0;
}

/**
 * @param {Uint8Array} content
 * @param {number} start of a row of blocks, each with its size in front
 */
function blocksEnd(content, start) {
  let at = start;
  while (at < content.length && content[at] !== 0) at += content[at] + 1;
  if (at >= content.length) throw new Fault("truncated");
  return at + 1;
}
