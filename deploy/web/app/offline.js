/**
 * Keeps the page for use without a network, where the browser and the address allow it.
 * See service_worker.js: a newer version is fetched whole, and waits until it is asked for.
 *
 * @param {() => void} kept is called once all of this version is there
 * @param {(use: () => void) => void} renewed is called when a newer version waits; `use` puts it in
 *     the place of this one, and loads the page anew
 */
export async function keepOffline(kept, renewed) {
  const workers = navigator.serviceWorker;
  if (workers === undefined) return; // plain http
  let asked = false;
  workers.addEventListener("controllerchange", () => {
    if (asked) location.reload();
  });
  /** @param {ServiceWorker} worker */
  const tell = (worker) =>
    renewed(() => {
      asked = true;
      worker.postMessage({ do: "activate" });
    });
  try {
    const registration = await workers.register("service_worker.js", { updateViaCache: "none" });
    if (registration.waiting && workers.controller) tell(registration.waiting);
    registration.addEventListener("updatefound", () => {
      const worker = registration.installing;
      worker?.addEventListener("statechange", () => {
        if (worker.state === "installed" && workers.controller) tell(worker);
      });
    });
    await workers.ready;
    kept();
  } catch {
    // no storage, or a file that is not what it should be: the page works from the network
  }
}
