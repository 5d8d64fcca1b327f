/** The page's beginning: finds out the language, and connects buttons with what they do. */

import { element, part } from "./app/elements.js";
import { InstallHint } from "./app/install.js";
import { firstLanguage, Language } from "./app/language.js";
import { keepOffline } from "./app/offline.js";
import { Page } from "./app/page.js";
import { listenForPhotos } from "./app/photo_input.js";
import { Storage } from "./app/storage.js";

const storage = new Storage();
const language = new Language(firstLanguage(storage.get("language"), navigator.languages));
const install = new InstallHint(storage, {
  box: part("install"),
  text: part("install-text"),
  install: part("install-now"),
  close: part("install-close"),
});
const page = new Page(
  language,
  storage,
  () => new Worker(new URL("./worker.js", import.meta.url), { type: "module" }),
  () => {
    install.offer();
    page.screen.redraw();
  },
);

const file = element("file", HTMLInputElement);
const capture = element("capture", HTMLInputElement);
const models = element("models", HTMLSelectElement);
listenForPhotos([file, capture], part("drop"), (photo) => page.showPhoto(photo));
part("choose").addEventListener("click", () => file.click());
part("take").addEventListener("click", () => capture.click());
part("shutter").addEventListener("click", () => page.shutter());
part("flip-camera").addEventListener("click", () => page.finder.flip());
part("away").addEventListener("click", () => page.away());
for (const id of ["video", "still"]) part(id).addEventListener("click", () => page.shutter());
models.addEventListener("change", () => page.chooseModel(models.selectedIndex));
part("language").addEventListener("click", () => {
  language.code = language.other;
  storage.set("language", language.code);
  page.redraw();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && page.mode !== "welcome") page.away();
});

keepOffline(
  () => {
    part("offline").hidden = false;
  },
  (use) => {
    if (page.idle) {
      use();
      return;
    }
    part("renew").hidden = false;
    part("renew-now").addEventListener("click", use, { once: true });
  },
);
page.start();
