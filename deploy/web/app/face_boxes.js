import { part, say } from "./elements.js";
import { LOOKS } from "./groups.js";
import { faceName } from "./words.js";

/** @typedef {import("./client.js").About} About */
/** @typedef {import("./client.js").LabelledFace} LabelledFace */
/** @typedef {import("./frame.js").Placed} Placed */
/** @typedef {import("./language.js").Language} Language */

/** A box above this, CSS pixels of the stage, has its name inside. */
const NAME_HEIGHT = 30;

/** Boxes with names over the faces of a photo or the camera. */
export class FaceBoxes {
  #layer = part("boxes");
  /** @type {{faces: LabelledFace[], about: About, placed: Placed, mirrored: boolean} | null} */
  #now = null;

  /** @param {Language} language */
  constructor(language) {
    this.language = language;
  }

  hide() {
    this.#now = null;
    this.#layer.hidden = true;
    this.#layer.replaceChildren();
  }

  /**
   * @param {LabelledFace[]} faces in pixels of the picture
   * @param {About} about
   * @param {Placed} placed where the picture is on the stage
   * @param {boolean} mirrored
   */
  show(faces, about, placed, mirrored) {
    this.#now = { faces, about, placed, mirrored };
    this.redraw();
    this.#layer.hidden = false;
  }

  /** The picture is another size on the stage now. */
  move(/** @type {Placed} */ placed) {
    if (this.#now !== null) this.show(this.#now.faces, this.#now.about, placed, this.#now.mirrored);
  }

  /** Draws them again, in another language for one. */
  redraw() {
    if (this.#now === null) return;
    const { faces, about, placed, mirrored } = this.#now;
    const there = this.#layer.children;
    while (there.length > faces.length) there[there.length - 1].remove();
    while (there.length < faces.length) this.#layer.append(newBox());
    faces.forEach(({ box, answer }, i) => {
      const one = /** @type {HTMLElement} */ (there[i]);
      const [left, right] = [box[0], box[2]].map((x) => placed.x + x * placed.scale);
      const top = placed.y + box[1] * placed.scale;
      one.style.left = `${mirrored ? placed.stage - right : left}px`;
      one.style.top = `${top}px`;
      one.style.width = `${right - left}px`;
      one.style.height = `${(box[3] - box[1]) * placed.scale}px`;
      one.dataset.look = answer.abstained ? "" : String(answer.top[0].index % LOOKS);
      one.classList.toggle("inside", top < NAME_HEIGHT);
      say(one.children[0], faceName(answer, about, this.language));
    });
  }
}

function newBox() {
  const box = document.createElement("div");
  const name = document.createElement("span");
  name.dir = "auto";
  box.className = "face";
  box.append(name);
  return box;
}
