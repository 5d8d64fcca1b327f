/**
 * From a model's scores to an answer: src_mindspore/evaluation/probabilities.py and predict.py.
 */

import { Fault } from "./fault.js";

/**
 * @typedef {object} Reading how scores become probabilities, of a spec
 * @property {"logits" | "probabilities"} output
 * @property {string | null} activation `sigmoid` for a decision of its own in each class
 * @property {number} temperature what logits are still to be divided by
 * @property {number | null} threshold 0..1; null where every answer counts
 */

/**
 * @typedef {object} Answer
 * @property {{index: number, score: number}[]} top best first
 * @property {boolean} abstained whether the best score is below the threshold
 * @property {Float64Array} probabilities one a class
 */

/**
 * @param {Float32Array} scores one a class
 * @param {Reading} reading
 * @returns {Float64Array} 0..1
 * @throws {Fault} `model_bad`: a score is no finite number
 */
export function probabilitiesOf(scores, reading) {
  if (!scores.every(Number.isFinite)) {
    throw new Fault("model_bad", { rule: "scores are finite numbers", got: "one that is not" });
  }
  if (reading.output === "probabilities") return Float64Array.from(scores);
  // float32 divided by float32, as the side that trains does it
  const t = Math.fround(reading.temperature);
  const logits = Float64Array.from(scores, (s) => (t === 1 ? s : Math.fround(s / t)));
  if (reading.activation === "sigmoid") {
    return logits.map((x) => 0.5 * (1 + Math.tanh(x / 2))); // 1 / (1 + exp(-x)) without overflow
  }
  const most = logits.reduce((a, b) => Math.max(a, b));
  const rest = Math.log(logits.reduce((sum, x) => sum + Math.exp(x - most), 0));
  return logits.map((x) => Math.exp(x - most - rest));
}

/**
 * The likeliest classes; of equal ones the first comes first.
 *
 * @param {Float64Array} probabilities
 * @param {number | null} threshold
 * @param {number} topk
 * @returns {Answer}
 */
export function answerOf(probabilities, threshold, topk) {
  const order = Array.from(probabilities.keys()).sort(
    (a, b) => probabilities[b] - probabilities[a] || a - b,
  );
  const top = order.slice(0, topk).map((index) => ({ index, score: probabilities[index] }));
  return { top, abstained: probabilities[order[0]] < (threshold ?? 0), probabilities };
}
