/** @typedef {Event & {prompt: () => Promise<unknown>}} InstallPrompt of Chromium and its kin */

/** Whether the page was opened from the home screen. */
function installed() {
  return matchMedia("(display-mode: standalone)").matches || Reflect.get(navigator, "standalone");
}

/** Safari on an iPhone or iPad, which has no way to ask: its owner has to do it by hand. */
function byHand() {
  return "standalone" in navigator;
}

/** Offers once to put the page on the home screen: after an answer, never before. */
export class InstallHint {
  /** @type {InstallPrompt | null} */
  #prompt = null;

  /**
   * @param {import("./storage.js").Storage} storage
   * @param {{box: HTMLElement, text: HTMLElement, install: HTMLElement, close: HTMLElement}} parts
   */
  constructor(storage, parts) {
    this.storage = storage;
    this.parts = parts;
    window.addEventListener("beforeinstallprompt", (event) => {
      event.preventDefault();
      this.#prompt = /** @type {InstallPrompt} */ (event);
    });
    parts.install.addEventListener("click", () => {
      this.#done();
      this.#prompt?.prompt();
    });
    parts.close.addEventListener("click", () => this.#done());
  }

  /** Something was answered: now it is known what the page is good for. */
  offer() {
    if (installed() || this.storage.get("install") === "no") return;
    if (this.#prompt === null && !byHand()) return;
    this.parts.text.dataset.text = this.#prompt === null ? "install_ios" : "install";
    this.parts.install.hidden = this.#prompt === null;
    this.parts.box.hidden = false;
  }

  #done() {
    this.storage.set("install", "no");
    this.parts.box.hidden = true;
  }
}
