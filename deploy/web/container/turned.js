/** Upright rows of stored pixels, whichever way they lie. */

/** @typedef {import("../core/resample.js").RowSource} RowSource */

/**
 * How stored pixels lie, by EXIF's number (EXIF 2.32, tag 0x0112: which sides of the scene the
 * first row and the first column show).
 *
 * @param {number} orientation 1..8
 */
export function layOf(orientation) {
  return {
    turned: orientation >= 5, // rows and columns change places
    mirrorX: [2, 3, 7, 8].includes(orientation), // the stored photo is read from right to left
    mirrorY: [3, 4, 6, 7].includes(orientation), // and from bottom to top
  };
}

/**
 * Rows of a stored RGB photo, upright.
 *
 * @param {Uint8Array | Uint8ClampedArray} rgb (height, width, 3)
 * @param {number} width stored
 * @param {number} height stored
 * @param {number} orientation 1..8
 * @returns {RowSource}
 */
export function uprightRows(rgb, width, height, orientation) {
  const { turned, mirrorX, mirrorY } = layOf(orientation);
  const [dx, dy] = [mirrorX ? -3 : 3, (mirrorY ? -3 : 3) * width];
  const start = (mirrorX ? (width - 1) * 3 : 0) + (mirrorY ? (height - 1) * width * 3 : 0);
  const [across, down] = turned ? [dy, dx] : [dx, dy];
  const count = turned ? height : width;
  const row = new Uint8ClampedArray(count * 3);
  return {
    width: count,
    height: turned ? width : height,
    row: (y) => {
      let from = start + y * down;
      if (across === 3) return rgb.subarray(from, from + count * 3);
      for (let to = 0; to < row.length; to += 3, from += across) {
        row[to] = rgb[from];
        row[to + 1] = rgb[from + 1];
        row[to + 2] = rgb[from + 2];
      }
      return row;
    },
  };
}
