import { Fault } from "../core/fault.js";
import { element, fill, part, say } from "./elements.js";

/** @typedef {import("./language.js").Language} Language */
/** @typedef {"welcome" | "photo" | "live" | "frozen"} Mode */

const MEGA = 1e6;

/** What the middle button says in each mode, and its picture. */
const SHUTTER = {
  welcome: ["open_camera", "lens"],
  photo: ["camera", "lens"],
  live: ["freeze", ""],
  frozen: ["resume", "play"],
};

/** The parts of the page around the answer: what mode it is in, its texts, what went wrong. */
export class Screen {
  /** @type {Mode} */
  mode = "welcome";
  /** @type {Fault | null} */
  #fault = null;
  /** @type {(() => void) | null} */
  #retry = null;
  /** @type {[number, number] | null} */
  #loaded = null;
  #spoken = "";

  /** @param {Language} language */
  constructor(language) {
    this.language = language;
    part("fault-close").addEventListener("click", () => {
      this.clearFault();
      part("shutter").focus();
    });
    part("fault-retry").addEventListener("click", () => {
      const retry = this.#retry;
      this.clearFault();
      part("shutter").focus();
      retry?.();
    });
  }

  /**
   * @param {Mode} mode
   * @param {boolean} stream whether this page can have a camera's stream
   */
  setMode(mode, stream) {
    this.mode = mode;
    document.body.dataset.mode = mode;
    const camera = mode === "live" || mode === "frozen";
    part("video").hidden = mode !== "live";
    part("still").hidden = mode !== "frozen";
    part("photo").hidden = mode !== "photo";
    part("insecure").hidden = window.isSecureContext;
    part("welcome").hidden = mode !== "welcome";
    if (!camera) part("frame").hidden = true;
    part("flip-camera").hidden = true;
    part("away").hidden = mode === "welcome";
    part("away").dataset.label = camera ? "close_camera" : "close_photo";
    const [text, icon] = stream || camera ? SHUTTER[mode] : ["take", "camera"];
    part("choose-text").dataset.text = mode === "welcome" ? "choose" : "photos";
    part("take-text").dataset.text = mode === "welcome" ? "take" : "take_short";
    part("shutter-text").dataset.text = text;
    const use = part("shutter").querySelector("use");
    if (icon) use?.setAttribute("href", `#${icon}`);
    part("shutter").dataset.shape = icon || "disc";
    part("take").hidden = !(stream && !camera && matchMedia("(pointer: coarse)").matches);
    this.redraw();
  }

  /** Writes all texts anew. */
  redraw() {
    document.documentElement.lang = this.language.tag;
    document.title = this.language.text("app");
    for (const where of document.querySelectorAll("[data-text]")) {
      say(where, this.language.text(/** @type {HTMLElement} */ (where).dataset.text ?? ""));
    }
    for (const where of document.querySelectorAll("[data-label]")) {
      const key = /** @type {HTMLElement} */ (where).dataset.label ?? "";
      where.setAttribute("aria-label", this.language.text(key));
    }
    const other = part("language");
    other.setAttribute("aria-label", this.language.text("switch_language"));
    other.lang = this.language.other === "zh" ? "zh-CN" : "en";
    this.#drawFault();
    this.#drawLoaded();
  }

  /** @param {boolean} busy whether a photo is looked at */
  setWorking(busy) {
    part("working").hidden = !busy;
    part("panel").setAttribute("aria-busy", String(busy));
  }

  /**
   * How much of the model is there.
   * @param {[number, number] | null} bytes loaded and in all; null: it is open
   */
  setLoaded(bytes) {
    this.#loaded = bytes;
    this.#drawLoaded();
  }

  #drawLoaded() {
    part("loading").hidden = this.#loaded === null;
    if (this.#loaded === null) return;
    const [loaded, total] = this.#loaded;
    const share = total > 0 ? Math.min(loaded / total, 1) : 0;
    const mega = (/** @type {number} */ bytes) => (bytes / MEGA).toFixed(1);
    const values = { loaded: mega(loaded), total: mega(total) };
    say(part("loaded"), total > 0 ? this.language.text("loaded", values) : "");
    part("progress").setAttribute("aria-valuenow", String(Math.round(100 * share)));
    fill(part("progress"), share);
  }

  /**
   * Says in one sentence what went wrong.
   * @param {unknown} error
   * @param {(() => void) | null} retry what the button does; null: there is none
   */
  showFault(error, retry) {
    this.#fault = Fault.of(error, "no_worker");
    this.#retry = retry;
    this.#drawFault();
    this.setWorking(false);
  }

  clearFault() {
    this.#fault = null;
    this.#retry = null;
    this.#drawFault();
  }

  #drawFault() {
    part("fault").hidden = this.#fault === null;
    part("fault-retry").hidden = this.#retry === null;
    say(part("fault-text"), this.#fault === null ? "" : sentence(this.#fault, this.language));
  }

  /**
   * Has a sentence read aloud by a screen reader, once.
   * @param {string} text
   */
  speak(text) {
    if (text !== this.#spoken) say(part("spoken"), text);
    this.#spoken = text;
  }

  /** @param {boolean} mirrored */
  setMirrored(mirrored) {
    for (const id of ["video", "still"]) part(id).classList.toggle("mirrored", mirrored);
  }

  /** @param {import("./frame.js").Box} box in CSS pixels of the stage */
  placeFrame(box) {
    const frame = part("frame");
    frame.hidden = false;
    frame.style.left = `${box.x}px`;
    frame.style.top = `${box.y}px`;
    frame.style.width = `${box.width}px`;
    frame.style.height = `${box.height}px`;
  }

  /**
   * @param {readonly string[]} names of the models
   * @param {number} chosen
   */
  setModels(names, chosen) {
    const select = element("models", HTMLSelectElement);
    select.replaceChildren(...names.map((name) => new Option(name)));
    select.selectedIndex = chosen;
    select.hidden = names.length < 2;
    document.body.classList.toggle("many-models", names.length > 1);
  }
}

/**
 * The one sentence for a fault.
 * @param {Fault} fault
 * @param {Language} language
 */
export function sentence(fault, language) {
  const details = { ...fault.details };
  if (fault.code === "too_large") {
    details.unit = language.text(details.what === "pixels" ? "megapixels" : "megabytes");
    details.limit = Math.round(Number(details.limit) / MEGA);
  }
  return language.text(`fault_${fault.code}`, /** @type {Record<string, string>} */ (details));
}
