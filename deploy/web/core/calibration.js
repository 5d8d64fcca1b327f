/** The `calibration` table of a spec: src_mindspore/spec/calibration.py. */

import { bad, isTable, need, only } from "./rules.js";

const KEYS = [
  "split",
  "n",
  "sha256",
  "temperature",
  "model_temperature",
  "precision",
  "threshold",
  "points",
];
const SMALLEST = 1e-6; // a temperature: beyond, a float32 division says nothing any more
const LARGEST = 1e6;

/** @typedef {import("./json.js").Json} Json */

/**
 * @param {any} raw null where there is none
 * @param {"logits" | "probabilities"} output
 * @param {Json} json what `raw` was read by
 * @returns {{temperature: number, threshold: number | null}}
 */
export function calibrationOf(raw, output, json) {
  if (raw === null) return { temperature: 1, threshold: null };
  only(raw, KEYS, "calibration");
  for (const key of ["split", "sha256"]) {
    const value = need(raw, key, "calibration");
    if (typeof value !== "string") bad(`calibration.${key}`, "a text", value);
  }
  count(raw, "n", "calibration", json);
  const temperature = positive(raw, "temperature");
  if (
    temperature !== 1 &&
    (output === "probabilities" || positive(raw, "model_temperature") !== 1)
  ) {
    bad("calibration.temperature", "1, as the model divides itself", temperature);
  }
  positive(raw, "model_temperature");
  share(raw.precision ?? null, "calibration.precision");
  const points = "points" in raw ? raw.points : [];
  if (!Array.isArray(points)) bad("calibration.points", "a list", points);
  for (const point of points) checkPoint(point, json);
  return { temperature, threshold: share(raw.threshold ?? null, "calibration.threshold") };
}

/**
 * @param {any} point
 * @param {Json} json
 */
function checkPoint(point, json) {
  const path = "calibration.points";
  if (!isTable(point)) bad(path, "tables", point);
  only(point, ["score", "answered", "right"], path);
  const score = share(need(point, "score", path), `${path}.score`);
  const answered = count(point, "answered", path, json);
  const right = count(point, "right", path, json);
  if (score === null || right > answered || answered < 1) {
    bad(path, "0 <= right <= answered, 1 or more", point);
  }
}

/**
 * @param {any} table
 * @param {string} key
 */
function positive(table, key) {
  const value = key in table ? table[key] : 1;
  const good = typeof value === "number" && value >= SMALLEST && value <= LARGEST;
  return good ? value : bad(`calibration.${key}`, `${SMALLEST} to ${LARGEST}`, value);
}

/**
 * @param {any} value
 * @param {string} key
 * @returns {number | null}
 */
function share(value, key) {
  const good = value === null || (typeof value === "number" && value >= 0 && value <= 1);
  return good ? value : bad(key, "0 to 1, or null", value);
}

/**
 * @param {any} table
 * @param {string} key
 * @param {string} path
 * @param {Json} json
 * @returns {number}
 */
function count(table, key, path, json) {
  const value = need(table, key, path);
  const good = json.isWhole(table, key) && value >= 0;
  return good ? value : bad(`${path}.${key}`, "a whole number from 0 on", value);
}
