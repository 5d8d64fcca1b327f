/** The network that finds faces, as `export.py --web --faces` writes it beside the page. */

import { facesIn, framed, placed, searchedSize, suppressed } from "../core/faces.js";
import { Fault } from "../core/fault.js";
import { Json } from "../core/json.js";
import { bad, fileNamed, isTable, need, only } from "../core/rules.js";
import { sha256 } from "../core/sha256.js";
import { shrunk } from "../core/shrink.js";
import { fetchBytes } from "./fetched.js";

const FORMAT = 1;
const MAX_BYTES = 1 << 20; // of faces.json
// the file's names: heat, size, offset, landmarks
const MAPS = ["537", "538", "539", "540"];
// as src_mindspore/faces/detector.py has them; below 16 pixels Python searches an enlarged photo
const LIMITS = new Map([
  ["threshold", [0, 1]],
  ["smallest_face", [16, 10_000]],
  ["longest_side", [32, 10_000]],
  ["margin", [0, 10]],
]);

/** @typedef {import("../core/faces.js").Face} Face */
/** @typedef {import("../core/faces.js").Pixels} Pixels */

/**
 * @typedef {import("../core/faces.js").Search & {margin: number,
 *   file: {name: string, bytes: number, sha256: string}}} FacesSpec
 */

/**
 * `faces.json`: `{"format": 1, "file": {"name", "bytes", "sha256"}, "threshold", "smallest_face",
 * "longest_side", "margin"}`.
 *
 * @param {Uint8Array} bytes
 * @returns {FacesSpec}
 * @throws {Fault} `spec_bad`, `spec_format`
 */
export function readFacesSpec(bytes) {
  /** @type {any} */
  let raw;
  try {
    raw = new Json(new TextDecoder("utf-8", { fatal: true }).decode(bytes)).value;
  } catch (error) {
    bad("faces.json", "JSON in UTF-8", /** @type {Error} */ (error).message);
  }
  if (!isTable(raw) || raw.format !== FORMAT) {
    const got = String(isTable(raw) ? raw.format : typeof raw);
    throw new Fault("spec_format", { got, accepted: String(FORMAT) });
  }
  only(raw, ["format", "file", ...LIMITS.keys()], "faces.json");
  const file = need(raw, "file");
  only(file, ["name", "bytes", "sha256"], "file");
  const numbers = Array.from(LIMITS, ([key, [least, most]]) => {
    const value = need(raw, key);
    const good = typeof value === "number" && value >= least && value <= most;
    return good ? value : bad(key, `${least} to ${most}`, value);
  });
  const [threshold, smallestFace, longestSide, margin] = numbers;
  const { bytes: size, sha256: hash } = file;
  const name = fileNamed(need(file, "name", "file"), "file.name");
  if (!Number.isInteger(size) || size < 0) bad("file.bytes", "a size", size);
  if (typeof hash !== "string") bad("file.sha256", "a text", hash);
  return {
    threshold,
    smallestFace,
    longestSide,
    margin,
    file: { name, bytes: size, sha256: hash },
  };
}

/** Finds faces. */
export class Detector {
  /**
   * @param {import("../runtime").Ort} ort
   * @param {import("../runtime").InferenceSession} session
   * @param {FacesSpec} spec
   */
  constructor(ort, session, spec) {
    this.ort = ort;
    this.session = session;
    this.spec = spec;
  }

  /**
   * @param {import("../runtime").Ort} ort
   * @param {URL} folder of faces.json and the network
   * @param {(loaded: number, total: number) => void} [progress]
   * @throws {Fault} as of a model
   */
  static async open(ort, folder, progress) {
    const spec = readFacesSpec(
      await fetchBytes(new URL("faces.json", folder), { limit: MAX_BYTES }),
    );
    const { name, bytes: total, sha256: expected } = spec.file;
    const bytes = await fetchBytes(new URL(name, folder), { limit: total, total, progress });
    if (bytes.length !== total || (await sha256(bytes)) !== expected) {
      throw new Fault("model_changed", { file: name });
    }
    return Detector.of(ort, bytes, spec);
  }

  /**
   * @param {import("../runtime").Ort} ort
   * @param {Uint8Array} bytes
   * @param {FacesSpec} spec
   */
  static async of(ort, bytes, spec) {
    try {
      const options = {
        executionProviders: ["wasm"],
        graphOptimizationLevel: "all",
        logSeverityLevel: 3, // the network has weights that nothing uses, which is told of each
      };
      const session = await ort.InferenceSession.create(bytes, /** @type {any} */ (options));
      return new Detector(ort, session, spec);
    } catch (error) {
      throw Fault.of(error, "model_bad", { rule: "an ONNX file" });
    }
  }

  /**
   * @param {Pixels} photo
   * @param {number} [longestSide] pixels, for a quicker search than the spec's
   * @returns {Promise<Face[]>} best first
   */
  async find(photo, longestSide = this.spec.longestSide) {
    const { threshold, smallestFace } = this.spec;
    const longest = Math.min(longestSide, this.spec.longestSide);
    const size = searchedSize(photo.width, photo.height, longest);
    const same = size[0] === photo.width && size[1] === photo.height;
    const frame = framed(same ? photo : shrunk(photo, ...size));
    const shape = [1, 3, frame.height, frame.width];
    const input = new this.ort.Tensor("float32", frame.tensor, shape);
    /** @type {Record<string, import("../runtime").Tensor>} */
    let outputs;
    try {
      outputs = await this.session.run({ [this.session.inputNames[0]]: input });
    } catch (error) {
      throw Fault.of(error, "model_bad", { rule: "a network that runs" });
    }
    const maps = MAPS.map((map) => /** @type {Float32Array} */ (outputs[map].data));
    const faces = suppressed(facesIn(maps, frame.width / 4, threshold));
    return placed(faces, frame, size, photo, smallestFace);
  }
}
