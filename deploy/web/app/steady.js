/** Time over which answers to frames are averaged, ms: ten frames at fifteen a second. */
const WINDOW = 700;
/** How far ahead, as a share, another class must be to take the place of the one that is shown. */
const AHEAD = 0.08;
/** How far above or below the threshold the answer must be to become sure, or unsure. */
const ASIDE = 0.02;

/**
 * A steady answer from many: the mean of the last frames' probabilities, with hysteresis, so that
 * two classes that are nearly as likely do not take turns.
 */
export class Steady {
  /** @type {{time: number, probabilities: Float32Array}[]} */
  #frames = [];
  /** The class that is shown; -1 before the first frame. */
  index = -1;
  abstained = false;

  /** @param {number | null} threshold score from which on the model answers; null: it always does */
  constructor(threshold) {
    this.threshold = threshold;
  }

  /**
   * @param {Float32Array} probabilities one a class, 0 to 1
   * @param {number} time ms, growing
   * @returns {{index: number, means: number[], abstained: boolean, changed: boolean}} `means` are
   *     the averaged probabilities, `changed` says that another class, or another sureness, is shown
   */
  add(probabilities, time) {
    this.#frames.push({ time, probabilities });
    this.#frames = this.#frames.filter((frame) => time - frame.time < WINDOW);
    const count = this.#frames.length;
    const means = Array.from(
      probabilities,
      (_, i) => this.#frames.reduce((sum, frame) => sum + frame.probabilities[i], 0) / count,
    );
    const best = means.indexOf(Math.max(...means));
    const before = { index: this.index, abstained: this.abstained };
    if (this.index < 0 || means[best] > means[this.index] + AHEAD) this.index = best;
    this.abstained = this.#abstains(means[this.index], before.index < 0);
    const changed = before.index !== this.index || before.abstained !== this.abstained;
    return { index: this.index, means, abstained: this.abstained, changed };
  }

  /**
   * @param {number} score
   * @param {boolean} first
   */
  #abstains(score, first) {
    if (this.threshold === null) return false;
    if (first) return score < this.threshold;
    return score < this.threshold + (this.abstained ? ASIDE : -ASIDE);
  }
}
