/**
 * Anti-aliased resizing of 8-bit RGB, with Pillow's rounding so that both sides get the same bytes.
 *
 * The filter h is stretched by s = max(1, in / out), so that every input pixel counts. Output i has
 * its centre at c = (i + 1/2) in / out; input j gets the weight h((j + 1/2 - c) / s) over the sum of
 * all. Weights are fixed-point numbers of 22 fraction bits, and each of the two passes rounds to 8
 * bits: https://pillow.readthedocs.io/en/stable/handbook/concepts.html#filters and Resample.c there.
 */

const BITS = 22;
const HALF = 1 << (BITS - 1);
export const CHANNELS = 3;
const TALL = 100; // times as high as wide: columns first, as Pillow does it since 10.3

/** @typedef {"bilinear" | "bicubic" | "lanczos"} Interpolation */

/**
 * Upright rows of a photo, asked for from top to bottom, each at most once.
 *
 * @typedef {object} RowSource
 * @property {number} width pixels
 * @property {number} height pixels
 * @property {(y: number) => Uint8Array | Uint8ClampedArray} row RGB bytes, good until the next call
 */

/**
 * One direction: which outputs of a resize are wanted.
 *
 * @typedef {object} Axis
 * @property {number} from pixels of the photo
 * @property {number} to pixels of the whole resized photo
 * @property {number} first the first of them that is computed
 * @property {number} count how many are
 */

/** @type {Record<Interpolation, {support: number, shape: (x: number) => number}>} */
const FILTERS = {
  bilinear: { support: 1, shape: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, shape: cubic },
  lanczos: { support: 3, shape: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/**
 * Cubic convolution with a = -1/2 (Keys, IEEE Trans. ASSP 29(6), 1981, equation 15).
 *
 * @param {number} signed
 */
function cubic(signed) {
  const a = -0.5;
  const x = Math.abs(signed);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

/** @param {number} x */
function sinc(x) {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/**
 * The inputs of every output and their weights: those of output i are `weight` from `offset[i]` to
 * `offset[i + 1]`, for the inputs from `start[i]` on.
 *
 * @param {Axis} axis
 * @param {Interpolation} interpolation
 */
export function weightsOf(axis, interpolation) {
  const { support, shape } = FILTERS[interpolation];
  const scale = axis.from / axis.to;
  const stretch = Math.max(1, scale);
  const start = new Int32Array(axis.count);
  const offset = new Int32Array(axis.count + 1);
  const weight = new Int32Array(axis.count * (2 * Math.ceil(support * stretch) + 1));
  const inverse = 1 / stretch;
  for (let i = 0; i < axis.count; i++) {
    const centre = (axis.first + i + 0.5) * scale;
    const begin = Math.max(0, Math.trunc(centre - support * stretch + 0.5));
    const end = Math.min(axis.from, Math.trunc(centre + support * stretch + 0.5));
    const exact = Array.from({ length: end - begin }, (_, k) =>
      shape((begin + k - centre + 0.5) * inverse),
    );
    const sum = exact.reduce((total, w) => total + w, 0);
    start[i] = begin;
    offset[i + 1] = offset[i] + exact.length;
    for (let k = 0; k < exact.length; k++) {
      const fixed = (sum === 0 ? exact[k] : exact[k] / sum) * (1 << BITS);
      weight[offset[i] + k] = Math.trunc(fixed + (fixed < 0 ? -0.5 : 0.5));
    }
  }
  return { start, offset, weight };
}

/** @typedef {ReturnType<typeof weightsOf>} Weights */

/**
 * @param {Uint8Array | Uint8ClampedArray} row RGB
 * @param {Weights} across
 * @param {Uint8ClampedArray} out RGB
 * @param {number} at where its first byte goes
 */
function resizeRow(row, across, out, at) {
  const { start, offset, weight } = across;
  for (let i = 0, to = at; i < start.length; i++, to += CHANNELS) {
    let red = HALF;
    let green = HALF;
    let blue = HALF;
    for (let k = offset[i], from = start[i] * CHANNELS; k < offset[i + 1]; k++, from += CHANNELS) {
      const w = weight[k];
      red = (red + row[from] * w) | 0;
      green = (green + row[from + 1] * w) | 0;
      blue = (blue + row[from + 2] * w) | 0;
    }
    out[to] = red >> BITS;
    out[to + 1] = green >> BITS;
    out[to + 2] = blue >> BITS;
  }
}

/**
 * A part of the photo in another size. Rows are read once: memory does not grow with the photo.
 *
 * @param {RowSource} photo
 * @param {Axis} x
 * @param {Axis} y
 * @param {Interpolation} interpolation
 * @returns {Uint8ClampedArray} RGB, `x.count * y.count * 3` bytes
 */
export function resample(photo, x, y, interpolation) {
  const across = weightsOf(x, interpolation);
  const down = weightsOf(y, interpolation);
  const columnsFirst = photo.height > TALL * photo.width && y.to < photo.height;
  const length = (columnsFirst ? photo.width : x.count) * CHANNELS;
  const resized = new Uint8ClampedArray(length);
  const sums = new Int32Array(length * y.count).fill(HALF);
  const endOf = (/** @type {number} */ i) => down.start[i] + down.offset[i + 1] - down.offset[i];

  // Both ends of the inputs of an output never move up, so that the outputs which take a row are
  // neighbours, and the first of them only moves down.
  let first = 0;
  for (let line = down.start[0]; line < endOf(y.count - 1); line++) {
    while (endOf(first) <= line) first++;
    const whole = photo.row(line);
    if (!columnsFirst) resizeRow(whole, across, resized, 0);
    const row = columnsFirst ? whole : resized;
    for (let i = first; i < y.count && down.start[i] <= line; i++) {
      const w = down.weight[down.offset[i] + line - down.start[i]];
      for (let v = 0, to = i * length; v < length; v++, to++) {
        sums[to] = (sums[to] + row[v] * w) | 0;
      }
    }
  }
  const rows = new Uint8ClampedArray(sums.length);
  for (let v = 0; v < sums.length; v++) rows[v] = sums[v] >> BITS;
  if (!columnsFirst) return rows;
  const out = new Uint8ClampedArray(x.count * y.count * CHANNELS);
  for (let i = 0; i < y.count; i++) {
    resizeRow(rows.subarray(i * length, (i + 1) * length), across, out, i * x.count * CHANNELS);
  }
  return out;
}
