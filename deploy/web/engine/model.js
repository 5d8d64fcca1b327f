/** A model that can be run, checked against its spec. */

import { Fault } from "../core/fault.js";
import { sha256 } from "../core/sha256.js";

const DYNAMIC = -1;

/** @typedef {import("../runtime").Ort} Ort */
/** @typedef {import("../core/spec.js").ModelSpec} ModelSpec */
/** @typedef {import("../core/spec.js").FileSpec} FileSpec */

/**
 * The spec's entry of a file, told by its content, so that a file may be renamed.
 *
 * @param {Uint8Array} bytes
 * @param {ModelSpec} spec
 * @returns {Promise<FileSpec>}
 * @throws {Fault} `model_changed`: the spec describes other files
 */
export async function described(bytes, spec) {
  const candidates = spec.files.filter((file) => file.bytes === bytes.length);
  const digest = candidates.length > 0 ? await sha256(bytes) : "";
  const found = candidates.find((file) => file.sha256 === digest);
  if (found) return found;
  throw new Fault("model_changed", { file: spec.files.map((file) => file.name).join(", ") });
}

/** One input of float32 pixels, one output of float32 scores, a photo a call. */
export class Model {
  /**
   * @param {Ort} ort
   * @param {import("../runtime").InferenceSession} session
   * @param {ModelSpec} spec
   * @param {FileSpec} file
   */
  constructor(ort, session, spec, file) {
    this.ort = ort;
    this.session = session;
    this.spec = spec;
    this.layout = file.layout;
    const [height, width] = spec.input.size;
    this.shape = file.layout === "NCHW" ? [1, 3, height, width] : [1, height, width, 3];
    checkTensor("input", session.inputMetadata, this.shape);
    checkTensor("output", session.outputMetadata, [1, spec.classes.length]);
  }

  /**
   * @param {Ort} ort
   * @param {Uint8Array} bytes of the ONNX file
   * @param {ModelSpec} spec
   * @throws {Fault} `model_changed`; `model_bad`: no ONNX file, or one that does not go with its spec
   */
  static async open(ort, bytes, spec) {
    const file = await described(bytes, spec);
    try {
      const session = await ort.InferenceSession.create(bytes, {
        executionProviders: ["wasm"],
        graphOptimizationLevel: "all",
      });
      return new Model(ort, session, spec, file);
    } catch (error) {
      throw Fault.of(error, "model_bad", { rule: "an ONNX file" });
    }
  }

  /**
   * @param {Float32Array} pixels normalised, in the file's layout
   * @returns {Promise<Float32Array>} a score for each class: what `spec.output` says
   * @throws {Fault} `model_bad`
   */
  async run(pixels) {
    const input = new this.ort.Tensor("float32", pixels, this.shape);
    /** @type {import("../runtime").Tensor} */
    let output;
    try {
      const outputs = await this.session.run({ [this.session.inputNames[0]]: input });
      output = outputs[this.session.outputNames[0]];
    } catch (error) {
      throw Fault.of(error, "model_bad", { rule: "a model that runs" });
    }
    const scores = output.data;
    if (!(scores instanceof Float32Array) || scores.length !== this.spec.classes.length) {
      const rule = `${this.spec.classes.length} scores`;
      throw new Fault("model_bad", { rule, got: String(output.dims) });
    }
    return scores;
  }

  async close() {
    await this.session.release();
  }
}

/**
 * @param {string} which
 * @param {readonly import("../runtime").ValueMetadata[]} found
 * @param {number[]} shape what the spec asks for
 */
function checkTensor(which, found, shape) {
  const rule = `1 ${which} of float32, ${shape.join(" x ")}`;
  const [one] = found;
  if (found.length !== 1 || !one.isTensor || one.type !== "float32") {
    throw new Fault("model_bad", { rule, got: `${found.length}, ${one?.isTensor && one.type}` });
  }
  const got = one.shape.map((side) => (typeof side === "number" ? side : DYNAMIC));
  const fits = (/** @type {number} */ side, /** @type {number} */ i) =>
    side === shape[i] || side === DYNAMIC;
  if (got.length !== shape.length || !got.every(fits)) {
    throw new Fault("model_bad", { rule, got: one.shape.join(" x ") });
  }
}
