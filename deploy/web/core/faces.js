/**
 * CenterFace (Xu et al. 2019, arXiv:1911.03599): faces as points of a map. The same as
 * src_mindspore/faces/centerface.py, crop.py and boxes.py.
 */

import { roundEven } from "./prepare.js";

const STRIDE = 4; // pixels of a cell
const MULTIPLE = 32; // of which the network takes heights and widths
const LEAST_SIDE = 320; // pixels: a face that fills its photo is found where something is around it
const GREY = 127;
const MOST_OVERLAP = 0.3; // intersection over union of two faces
const POINTS = 5; // eyes, nose, corners of the mouth

/** @typedef {[number, number, number, number]} Box left, top, right, bottom in pixels */
/** @typedef {{box: Box, score: number, landmarks: [number, number][]}} Face */

/**
 * @typedef {object} Search which faces are looked for
 * @property {number} threshold the least score, 0..1
 * @property {number} smallestFace pixels of the photo, of a face's longer side
 * @property {number} longestSide pixels; of a larger photo a smaller copy is searched
 */

/** @typedef {{rgb: Uint8Array | Uint8ClampedArray, width: number, height: number}} Pixels */

/**
 * The size in which a photo is searched.
 *
 * @param {number} width
 * @param {number} height
 * @param {number} longestSide
 * @returns {[number, number]} width and height
 */
export function searchedSize(width, height, longestSide) {
  const scale = Math.min(1, longestSide / Math.max(width, height));
  return [Math.max(1, roundEven(width * scale)), Math.max(1, roundEven(height * scale))];
}

/**
 * A photo amid grey, with sides that the network takes.
 *
 * @param {Pixels} photo
 */
export function framed({ rgb, width, height }) {
  const [w, h] = [width, height].map((side) =>
    Math.max(LEAST_SIDE, Math.ceil(side / MULTIPLE) * MULTIPLE),
  );
  const [left, top] = [(w - width) >> 1, (h - height) >> 1];
  const tensor = new Float32Array(3 * w * h).fill(GREY);
  for (let y = 0, from = 0; y < height; y++) {
    for (let x = 0, to = (top + y) * w + left; x < width; x++, to++, from += 3) {
      for (let c = 0; c < 3; c++) tensor[c * w * h + to] = rgb[from + c];
    }
  }
  return { tensor, width: w, height: h, left, top };
}

/**
 * Every cell of at least the threshold as a face; overlapping ones are still there.
 *
 * Height and width are `STRIDE * exp(size)`, the middle is at `STRIDE * (cell + offset + 1/2)`, and
 * landmarks count from the box's left upper corner, in units of its height and width (section 3.2 of
 * the paper; the half and the order of axes, y before x, are those of the weights).
 *
 * @param {Float32Array[]} maps heat (h, w), size (2, h, w), offset (2, h, w), landmarks (10, h, w)
 * @param {number} columns w
 * @param {number} threshold
 * @returns {Face[]} in pixels of what the network saw
 */
export function facesIn([heat, size, offset, landmarks], columns, threshold) {
  const cells = heat.length;
  const least = Math.fround(threshold);
  /** @type {Face[]} */
  const found = [];
  for (let cell = 0; cell < cells; cell++) {
    if (!(heat[cell] >= least)) continue;
    const [row, column] = [Math.floor(cell / columns), cell % columns];
    const [high, wide] = [Math.exp(size[cell]) * STRIDE, Math.exp(size[cells + cell]) * STRIDE];
    const top = STRIDE * (row + offset[cell] + 0.5) - high / 2;
    const left = STRIDE * (column + offset[cells + cell] + 0.5) - wide / 2;
    const point = (/** @type {number} */ p) =>
      /** @type {[number, number]} */ ([
        landmarks[(2 * p + 1) * cells + cell] * wide + left,
        landmarks[2 * p * cells + cell] * high + top,
      ]);
    found.push({
      box: [left, top, left + wide, top + high],
      score: heat[cell],
      landmarks: Array.from({ length: POINTS }, (_, p) => point(p)),
    });
  }
  return found;
}

/**
 * Greedy non-maximum suppression: the best box stays, what overlaps it further goes, and so on.
 *
 * @param {Face[]} faces
 * @returns {Face[]} best first
 */
export function suppressed(faces) {
  const order = [...faces].sort((a, b) => b.score - a.score); // equal ones keep their order
  /** @type {Face[]} */
  const stay = [];
  for (const face of order) {
    if (stay.every((better) => overlap(better.box, face.box) <= MOST_OVERLAP)) stay.push(face);
  }
  return stay;
}

/**
 * Intersection over union.
 *
 * @param {Box} a
 * @param {Box} b
 */
function overlap(a, b) {
  const wide = Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0]));
  const high = Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]));
  const whole = area(a) + area(b) - wide * high;
  return whole > 0 ? (wide * high) / whole : 0;
}

/** @param {Box} box */
function area([left, top, right, bottom]) {
  return Math.max(0, right - left) * Math.max(0, bottom - top);
}

/**
 * Faces in pixels of the photo, without those that are too small or outside of it.
 *
 * @param {Face[]} faces in pixels of what the network saw
 * @param {{left: number, top: number}} frame
 * @param {[number, number]} searched width and height of the copy
 * @param {Pixels} photo
 * @param {number} smallestFace
 * @returns {Face[]}
 */
export function placed(faces, { left, top }, searched, { width, height }, smallestFace) {
  const [bx, by] = [width / searched[0], height / searched[1]];
  const back = (/** @type {number} */ x, /** @type {number} */ y) =>
    /** @type {[number, number]} */ ([Math.fround((x - left) * bx), Math.fround((y - top) * by)]);
  return faces
    .filter(({ box }) => {
      const [l, t, r, b] = [
        (box[0] - left) * bx,
        (box[1] - top) * by,
        (box[2] - left) * bx,
        (box[3] - top) * by,
      ];
      const [x, y] = [(l + r) / 2, (t + b) / 2];
      return (
        Math.max(r - l, b - t) >= smallestFace && x >= 0 && x <= width && y >= 0 && y <= height
      );
    })
    .map(({ box, score, landmarks }) => ({
      box: /** @type {Box} */ ([...back(box[0], box[1]), ...back(box[2], box[3])]),
      score,
      landmarks: landmarks.map(([x, y]) => back(x, y)),
    }));
}

/**
 * The part of a photo around a face, as far as the photo reaches.
 *
 * @param {Pixels} photo
 * @param {Box} box may reach over the border
 * @param {number} margin added at each side, as a part of the box's width and height
 * @returns {import("./resample.js").RowSource}
 */
export function around({ rgb, width, height }, [left, top, right, bottom], margin) {
  const [wide, high] = [margin * (right - left), margin * (bottom - top)];
  const [x, x1] = inside(left - wide, right + wide, width);
  const [y, y1] = inside(top - high, bottom + high, height);
  return {
    width: x1 - x,
    height: y1 - y,
    row: (line) => rgb.subarray(((y + line) * width + x) * 3, ((y + line) * width + x1) * 3),
  };
}

/**
 * The lines from `start` to `end` that there are, or the nearest one.
 *
 * @param {number} start
 * @param {number} end
 * @param {number} size
 */
function inside(start, end, size) {
  const first = Math.min(Math.max(0, roundEven(start)), size - 1);
  return [first, Math.max(first + 1, Math.min(size, roundEven(end)))];
}
