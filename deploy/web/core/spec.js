/**
 * `spec.json`, read and checked by the rules of src_mindspore/spec/load.py and
 * deploy/cpp/src/spec.cc: what one of them refuses, all of them refuse.
 */

import { calibrationOf } from "./calibration.js";
import { Fault } from "./fault.js";
import { Json } from "./json.js";
import { bad, fileNamed, isTable, need, numbers, only, shown, text } from "./rules.js";

export const READABLE = [1, 2];
export const MAX_BYTES = 16 << 20; // of the file
const MAX_SIDE = 4096; // pixels
const LAYOUTS = /** @type {const} */ (["NCHW", "NHWC"]);
const KEYS = ["size", "mean", "std", "resize", "crop", "color", "layout", "range"];

/** @typedef {import("./json.js").Table} Table */
/** @typedef {[number, number]} Size height, width in pixels */
/** @typedef {typeof LAYOUTS[number]} Layout */

/**
 * @typedef {object} InputSpec from upright RGB pixels to the input tensor
 * @property {Size} size
 * @property {number[]} mean red, green, blue, in 0..255 units
 * @property {number[]} std likewise, above 0
 * @property {{rule: "stretch" | "shorter_side", size: Size,
 *   interpolation: import("./resample.js").Interpolation}} resize
 * @property {{size: Size} | null} crop a centred one
 * @property {{low: number, high: number} | null} range values of deep photos, black to white
 */

/** @typedef {{en?: string, zh?: string, group?: {en?: string, zh?: string}}} Label */

/**
 * @typedef {object} FileSpec
 * @property {string} name
 * @property {number} bytes
 * @property {string} sha256 hexadecimal
 * @property {Layout} layout
 */

/**
 * @typedef {object} ModelSpec
 * @property {string[]} classes names of folders, in the order of the outputs
 * @property {Label[]} labels display names, one table a class
 * @property {InputSpec} input
 * @property {"logits" | "probabilities"} output
 * @property {string | null} activation of the head
 * @property {number} temperature what logits are divided by
 * @property {number | null} threshold below it a score is not to be relied on; null where all count
 * @property {FileSpec[]} files
 */

/**
 * @param {Uint8Array} bytes of the file
 * @returns {ModelSpec}
 * @throws {Fault} `spec_format`: another format; `spec_bad`: not JSON, or a rule is broken
 */
export function readSpec(bytes) {
  if (bytes.length > MAX_BYTES) bad("spec.json", `up to ${MAX_BYTES} bytes`, bytes.length);
  /** @type {Json} */
  let json;
  try {
    json = new Json(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    return bad("spec.json", "JSON in UTF-8", /** @type {Error} */ (error).message);
  }
  const raw = json.value;
  if (!isTable(raw) || !READABLE.includes(raw.format) || !json.isWhole(raw, "format")) {
    const got = isTable(raw) ? shown(raw.format) : shown(raw);
    throw new Fault("spec_format", { got, accepted: READABLE.join(", ") });
  }
  const classes = classesOf(need(raw, "classes"));
  const output = oneOf(need(raw, "output"), ["logits", "probabilities"], "output");
  const model = need(raw, "model");
  if (!isTable(model)) bad("model", "a table", model);
  if (raw.format === 1 && "calibration" in raw) bad("calibration", "none in format 1", "one");
  return {
    classes,
    labels: labelsOf(need(raw, "labels"), classes.length),
    input: inputOf(need(raw, "input")),
    output,
    activation: activationOf(model),
    ...calibrationOf(raw.calibration ?? null, output, json),
    files: filesOf(need(raw, "files"), json),
  };
}

/**
 * @template {string} T
 * @param {any} value
 * @param {readonly T[]} accepted
 * @param {string} key
 * @returns {T}
 */
function oneOf(value, accepted, key) {
  return accepted.includes(value) ? value : bad(key, `one of ${accepted.join(", ")}`, value);
}

/**
 * @param {any} raw
 * @returns {string[]}
 */
function classesOf(raw) {
  if (!Array.isArray(raw) || raw.length < 2) bad("classes", "a list of at least 2 names", raw);
  for (const name of raw) fileNamed(name, "classes");
  if (new Set(raw).size < raw.length) bad("classes", "different names", raw);
  return raw;
}

/**
 * @param {any} raw
 * @param {number} count
 * @returns {Label[]}
 */
function labelsOf(raw, count) {
  if (!Array.isArray(raw) || raw.length !== count) {
    bad("labels", `${count} tables, one per class`, raw);
  }
  for (const label of raw) {
    if (!isTable(label)) bad("labels", "tables", label);
    for (const [key, value] of Object.entries(label)) {
      const group = key === "group" && isTable(value);
      for (const name of group ? Object.values(value) : [value]) text(name, `labels.${key}`);
    }
    // a group that is one text has no language
    if (!isTable(label.group)) delete label.group;
  }
  return raw;
}

/**
 * @param {any} raw
 * @returns {InputSpec}
 */
function inputOf(raw) {
  only(raw, KEYS, "input");
  const std = numbers(need(raw, "std", "input"), 3, "input.std");
  const mean = numbers(need(raw, "mean", "input"), 3, "input.mean");
  for (const s of std) {
    // both as the tensor has them, in float32
    if (!(s > 0 && Number.isFinite(Math.fround(1 / Math.fround(s)))))
      bad("input.std", "above 0", s);
  }
  if (!mean.every((m) => Number.isFinite(Math.fround(m)))) bad("input.mean", "float32", mean);
  if ("color" in raw) oneOf(raw.color, ["RGB"], "input.color");
  if ("layout" in raw) oneOf(raw.layout, LAYOUTS, "input.layout");
  const input = {
    size: sizeOf(need(raw, "size", "input"), "input.size"),
    mean,
    std,
    resize: resizeOf(need(raw, "resize", "input")),
    crop: cropOf(raw.crop ?? null),
    range: rangeOf(raw.range ?? null),
  };
  checkGeometry(input);
  return input;
}

/**
 * @param {any} raw
 * @returns {InputSpec["resize"]}
 */
function resizeOf(raw) {
  only(raw, ["rule", "size", "interpolation", "antialias"], "input.resize");
  const key = "input.resize";
  if ("antialias" in raw && raw.antialias !== true) bad(`${key}.antialias`, "true", raw.antialias);
  return {
    rule: oneOf(need(raw, "rule", key), ["stretch", "shorter_side"], `${key}.rule`),
    size: sizeOf(need(raw, "size", key), `${key}.size`),
    interpolation: oneOf(
      need(raw, "interpolation", key),
      ["bilinear", "bicubic", "lanczos"],
      `${key}.interpolation`,
    ),
  };
}

/** @param {any} raw */
function cropOf(raw) {
  if (raw === null) return null;
  only(raw, ["rule", "size"], "input.crop");
  oneOf(need(raw, "rule", "input.crop"), ["center"], "input.crop.rule");
  return { size: sizeOf(need(raw, "size", "input.crop"), "input.crop.size") };
}

/** @param {any} raw */
function rangeOf(raw) {
  if (raw === null) return null;
  only(raw, ["low", "high"], "input.range");
  const ends = [need(raw, "low", "input.range"), need(raw, "high", "input.range")];
  const [low, high] = numbers(ends, 2, "input.range");
  if (!(low < high)) bad("input.range", "low below high", raw);
  return { low, high };
}

/** @param {InputSpec} input */
function checkGeometry({ size, resize, crop }) {
  const shorter = resize.rule === "shorter_side";
  if (shorter && !crop) bad("input.crop", "one with the resize rule shorter_side", null);
  const whole = [resize.size[0], resize.size[shorter ? 0 : 1]];
  const end = crop ? crop.size : resize.size;
  if (end.some((side, i) => side > whole[i])) bad("input.crop.size", "inside the resized", end);
  if (end.some((side, i) => side !== size[i]))
    bad("input.size", `${end}, as resize and crop`, size);
}

/**
 * @param {any} value
 * @param {string} key
 * @returns {Size}
 */
function sizeOf(value, key) {
  const size = numbers(value, 2, key);
  for (const side of size) {
    if (!(side >= 1 && side <= MAX_SIDE && Number.isInteger(side))) {
      bad(key, `1 to ${MAX_SIDE} whole pixels`, value);
    }
  }
  return /** @type {Size} */ (size);
}

/**
 * @param {any} raw
 * @param {Json} json
 * @returns {FileSpec[]}
 */
function filesOf(raw, json) {
  if (!Array.isArray(raw)) bad("files", "a list", raw);
  return raw.map((/** @type {any} */ file) => {
    only(file, ["name", "bytes", "sha256", "layout"], "files");
    const bytes = need(file, "bytes", "files");
    if (!json.isWhole(file, "bytes") || bytes < 0) bad("files.bytes", "a size", bytes);
    const sha256 = need(file, "sha256", "files");
    if (typeof sha256 !== "string") bad("files.sha256", "a text", sha256);
    return {
      name: fileNamed(need(file, "name", "files"), "files.name"),
      bytes,
      sha256,
      layout: "layout" in file ? oneOf(file.layout, LAYOUTS, "files.layout") : "NCHW",
    };
  });
}

/**
 * Of the head; an average of runs says it itself.
 *
 * @param {Table} model
 * @returns {string | null}
 */
function activationOf(model) {
  const holder = "ensemble" in model ? model : model.head;
  const activation = isTable(holder) ? holder.activation : null;
  return typeof activation === "string" ? activation : null;
}
