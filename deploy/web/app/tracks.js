import { Steady } from "./steady.js";

/** @typedef {import("./client.js").LabelledFace} LabelledFace */
/** @typedef {{box: LabelledFace["box"], steady: Steady, time: number}} Track */

/** Intersection over union from which on a box is the face of the frame before. */
const SAME = 0.3;
/** For so long, ms, a face that was not found may come back as itself. */
const KEPT = 700;

/** Faces from frame to frame, each with a steady answer of its own. */
export class Tracks {
  /** @type {Track[]} */
  #tracks = [];

  /** @param {number | null} threshold of the model */
  constructor(threshold) {
    this.threshold = threshold;
  }

  /**
   * @param {LabelledFace[]} faces of one frame, best first
   * @param {number} time ms, growing
   * @returns {{faces: LabelledFace[], changed: boolean}} the same with steady answers
   */
  follow(faces, time) {
    const free = new Set(this.#tracks.filter((track) => time - track.time < KEPT));
    const before = free.size;
    let changed = false;
    const found = faces.map((face) => {
      let track = nearest(free, face.box);
      if (track === null) {
        track = { box: face.box, steady: new Steady(this.threshold), time };
        this.#tracks.push(track);
      }
      free.delete(track);
      track.box = face.box;
      track.time = time;
      const steady = track.steady.add(face.answer.probabilities, time);
      changed ||= steady.changed;
      return { ...face, answer: { ...face.answer, ...steadyTop(steady) } };
    });
    this.#tracks = this.#tracks.filter((track) => time - track.time < KEPT);
    return { faces: found, changed: changed || before !== this.#tracks.length };
  }
}

/**
 * Faces of a part of a picture, in pixels of the picture.
 * @param {LabelledFace[]} faces
 * @param {{x: number, y: number}} corner of the part
 * @returns {LabelledFace[]}
 */
export function inWhole(faces, { x, y }) {
  return faces.map((face) => {
    const [left, top, right, bottom] = face.box;
    return { ...face, box: [left + x, top + y, right + x, bottom + y] };
  });
}

/** @param {ReturnType<Steady["add"]>} steady */
export function steadyTop({ index, means, abstained }) {
  const top = means.map((score, i) => ({ index: i, score }));
  top.sort((a, b) => Number(b.index === index) - Number(a.index === index) || b.score - a.score);
  return { top, abstained };
}

/**
 * @param {Iterable<Track>} tracks
 * @param {LabelledFace["box"]} box
 * @returns {Track | null}
 */
function nearest(tracks, box) {
  let best = null;
  let most = SAME;
  for (const track of tracks) {
    const shared = overlap(track.box, box);
    if (shared >= most) [best, most] = [track, shared];
  }
  return best;
}

/**
 * @param {LabelledFace["box"]} a left, top, right, bottom
 * @param {LabelledFace["box"]} b
 */
function overlap(a, b) {
  const wide = Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0]));
  const high = Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]));
  const areas = [a, b].map(([left, top, right, bottom]) => (right - left) * (bottom - top));
  const whole = areas[0] + areas[1] - wide * high;
  return whole > 0 ? (wide * high) / whole : 0;
}
