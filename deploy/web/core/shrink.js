/**
 * A photo in a smaller size by area, as OpenCV's INTER_AREA: every output is the mean of what lies
 * under it, pixels that it covers in part counting for that part.
 */

import { roundEven } from "./prepare.js";

/** @typedef {import("./faces.js").Pixels} Pixels */

/**
 * For each output the inputs under it and their shares: those of output i are `share` from
 * `offset[i]` on, for the inputs from `start[i]` on.
 *
 * @param {number} from pixels
 * @param {number} to pixels, not more
 */
function sharesOf(from, to) {
  const scale = from / to;
  const start = new Int32Array(to);
  const offset = new Int32Array(to + 1);
  const share = new Float64Array(to * (Math.ceil(scale) + 2));
  for (let i = 0; i < to; i++) {
    const [begin, end] = [i * scale, Math.min((i + 1) * scale, from)];
    let count = 0;
    start[i] = Math.floor(begin);
    for (let j = start[i]; j < end; j++, count++) {
      const part = Math.min(j + 1, end) - Math.max(j, begin);
      share[offset[i] + count] = part / (end - begin);
    }
    offset[i + 1] = offset[i] + count;
  }
  return { start, offset, share };
}

/**
 * @param {Pixels} photo
 * @param {number} width not more than the photo's
 * @param {number} height likewise
 * @returns {Pixels}
 */
export function shrunk(photo, width, height) {
  const across = sharesOf(photo.width, width);
  const down = sharesOf(photo.height, height);
  const rgb = new Uint8ClampedArray(width * height * 3);
  const line = new Float64Array(width * 3);
  const sums = new Float64Array(width * 3);
  let done = -1; // the line of the photo that `line` has
  for (let y = 0; y < height; y++) {
    sums.fill(0);
    for (let k = down.offset[y], j = down.start[y]; k < down.offset[y + 1]; k++, j++) {
      if (j !== done) shrinkLine(photo, j, across, line);
      done = j;
      const share = down.share[k];
      for (let v = 0; v < sums.length; v++) sums[v] += line[v] * share;
    }
    for (let v = 0; v < sums.length; v++) rgb[y * sums.length + v] = roundEven(sums[v]);
  }
  return { rgb, width, height };
}

/**
 * @param {Pixels} photo
 * @param {number} y
 * @param {ReturnType<typeof sharesOf>} across
 * @param {Float64Array} line
 */
function shrinkLine({ rgb, width }, y, { start, offset, share }, line) {
  for (let i = 0, to = 0; i < start.length; i++, to += 3) {
    let red = 0;
    let green = 0;
    let blue = 0;
    let from = (y * width + start[i]) * 3;
    for (let k = offset[i]; k < offset[i + 1]; k++, from += 3) {
      red += rgb[from] * share[k];
      green += rgb[from + 1] * share[k];
      blue += rgb[from + 2] * share[k];
    }
    line[to] = red;
    line[to + 1] = green;
    line[to + 2] = blue;
  }
}
