/** The lines of a PNG picture, unfiltered, as its stream is unpacked (PNG specification, 7 to 9). */

import { failed, SAMPLES } from "./png.js";

// the passes of an interlaced picture: first column and row, steps across and down (section 8.2)
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

/** @typedef {import("./png.js").Png} Png */
/** @typedef {{x: number, step: number, width: number, y: number}} Place of a line's pixels */

/** Takes bytes as they come, and gives whole lines. */
export class Lines {
  /**
   * @param {Png} png
   * @param {(line: Uint8Array, place: Place) => void} sink is given packed samples, good until it
   *   returns
   */
  constructor(png, sink) {
    this.sink = sink;
    const bits = png.depth * (SAMPLES.get(png.colour) ?? 0);
    this.back = Math.max(1, bits >> 3); // bytes to the pixel on the left
    this.passes = (png.interlaced ? ADAM7 : [[0, 0, 1, 1]])
      .map(([x, y, step, down]) => {
        const width = Math.ceil((png.width - x) / step);
        const height = Math.ceil((png.height - y) / down);
        return { x, y, step, down, width, height, bytes: Math.ceil((width * bits) / 8) };
      })
      .filter(({ width, height }) => width > 0 && height > 0);
    this.pass = 0;
    this.y = 0; // line of the pass
    this.done = false;
    this.filter = 0;
    this.filled = -1; // a byte in front says how the line is filtered
    this.line = new Uint8Array(this.passes[0].bytes);
    this.above = new Uint8Array(this.passes[0].bytes);
  }

  nextPass() {
    this.pass++;
    this.y = 0;
    this.done = this.pass === this.passes.length;
    const bytes = this.done ? 0 : this.passes[this.pass].bytes;
    this.line = new Uint8Array(bytes);
    this.above = new Uint8Array(bytes);
  }

  /**
   * @param {Uint8Array} chunk
   * @returns {boolean} true: what follows the last line is judged by who unpacks
   */
  push(chunk) {
    let at = 0;
    while (at < chunk.length && !this.done) {
      if (this.filled < 0) {
        this.filter = chunk[at++];
        this.filled = 0;
      }
      const count = Math.min(chunk.length - at, this.line.length - this.filled);
      this.line.set(chunk.subarray(at, at + count), this.filled);
      at += count;
      this.filled += count;
      if (this.filled === this.line.length) this.finish();
    }
    return true;
  }

  finish() {
    const { x, y, step, down, width, height } = this.passes[this.pass];
    unfilter(this.filter, this.line, this.above, this.back);
    this.sink(this.line, { x, step, width, y: y + this.y * down });
    [this.line, this.above] = [this.above, this.line];
    this.filled = -1;
    if (++this.y === height) this.nextPass();
  }
}

/**
 * @param {number} filter type 0 to 4
 * @param {Uint8Array} line in place
 * @param {Uint8Array} above the line before
 * @param {number} back
 */
function unfilter(filter, line, above, back) {
  const { length } = line;
  if (filter > 4) failed("a filter that there is not");
  if (filter === 1) {
    for (let i = back; i < length; i++) line[i] += line[i - back];
  } else if (filter === 2) {
    for (let i = 0; i < length; i++) line[i] += above[i];
  } else if (filter === 3) {
    for (let i = 0; i < back; i++) line[i] += above[i] >> 1;
    for (let i = back; i < length; i++) line[i] += (line[i - back] + above[i]) >> 1;
  } else if (filter === 4) {
    for (let i = 0; i < back; i++) line[i] += above[i];
    for (let i = back; i < length; i++) {
      line[i] += paeth(line[i - back], above[i], above[i - back]);
    }
  }
}

/**
 * The neighbour that is nearest to left + above - corner.
 *
 * @param {number} left
 * @param {number} above
 * @param {number} corner
 */
function paeth(left, above, corner) {
  const toLeft = Math.abs(above - corner);
  const toAbove = Math.abs(left - corner);
  const toCorner = Math.abs(left + above - 2 * corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}
