import { element } from "./elements.js";
import { containing } from "./frame.js";

/** The photo on the stage. */
export class PhotoView {
  #photo = element("photo", HTMLImageElement);
  #address = "";
  /** @type {[number, number]} upright width and height, pixels */
  #size = [1, 1];

  /** @param {() => void} resized is called when the photo is shown in another size */
  constructor(resized) {
    new ResizeObserver(resized).observe(this.#photo);
  }

  /**
   * @param {File} file
   * @param {[number, number]} size upright width and height, pixels
   */
  show(file, size) {
    this.hide();
    this.#size = size;
    this.#address = URL.createObjectURL(file);
    this.#photo.src = this.#address;
  }

  hide() {
    URL.revokeObjectURL(this.#address);
    this.#photo.removeAttribute("src");
  }

  /** @param {string} text for those who do not see it */
  describe(text) {
    this.#photo.alt = text;
  }

  /** Where the photo is on the stage. */
  get placed() {
    const style = getComputedStyle(this.#photo);
    const [top, left] = [style.paddingTop, style.paddingLeft].map(Number.parseFloat);
    const [bottom, right] = [style.paddingBottom, style.paddingRight].map(Number.parseFloat);
    const stage = { width: this.#photo.clientWidth, height: this.#photo.clientHeight };
    const width = stage.width - left - right;
    const room = { x: left, y: top, width, height: stage.height - top - bottom };
    return containing(stage, room, { width: this.#size[0], height: this.#size[1] });
  }
}
