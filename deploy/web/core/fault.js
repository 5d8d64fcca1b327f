/** What can go wrong, as a closed list of codes: app/strings.js has a sentence for each of them. */

export const CODES = Object.freeze(
  /** @type {const} */ ([
    "not_a_photo",
    "truncated",
    "unreadable", // the file is not there any more
    "too_large", // {what: "pixels" | "bytes", got, limit}
    "no_decoder", // {format}
    "decode_failed", // {format}
    "deep_photo", // {format}
    "spec_format", // {got, accepted}
    "spec_bad", // {key, rule, got}
    "model_missing", // {file, status}
    "model_changed", // {file}
    "model_bad", // {rule, got}
    "runtime_missing", // {file}
    "not_open",
    "out_of_memory",
    "offline", // {file}
    "models_bad", // {rule, got}
    "camera_refused",
    "camera_busy",
    "camera_none",
    "camera_insecure",
    "no_worker",
    "timeout",
  ]),
);

/** @typedef {typeof CODES[number]} Code */
/** @typedef {Record<string, string | number | boolean | null>} Details */

/** An error for people; whoever shows it looks its sentence up by `code`. */
export class Fault extends Error {
  /**
   * @param {Code} code
   * @param {Details} [details] what the sentence may name
   */
  constructor(code, details = {}) {
    super(`${code} ${JSON.stringify(details)}`);
    this.name = "Fault";
    this.code = code;
    this.details = details;
  }

  /**
   * Any error as a Fault: what has no code of its own gets `fallback`.
   *
   * @param {unknown} error
   * @param {Code} fallback
   * @param {Details} [details]
   */
  static of(error, fallback, details = {}) {
    if (error instanceof Fault) return error;
    const reason = error instanceof Error ? error.message : String(error);
    // engines throw it where an array or a WebAssembly memory cannot be had
    if (error instanceof RangeError) return new Fault("out_of_memory", { reason });
    return new Fault(fallback, { ...details, reason });
  }
}
