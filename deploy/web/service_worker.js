/// <reference lib="webworker" />
/**
 * The page without a network, always of one version.
 *
 * `export.py` writes `files.js`, the SHA-256 of every file of the page and its models, and before
 * the first line of this file the version, a hash of them all: another version is another script,
 * which is how a browser notices it. All files of a version are fetched and checked before any is
 * used; a page goes on with its version until it asks for the next one (`{do: 'activate'}` to the
 * waiting worker) and reloads.
 */

/**
 * What `export.py` writes; paths are URLs relative to this script, hashes hexadecimal.
 * @typedef {{version: string, files: Record<string, string>}} Listing
 */

const worker =
  /** @type {ServiceWorkerGlobalScope & {POCKETLENS_VERSION?: string, POCKETLENS_FILES?: Listing}} */ (
    /** @type {unknown} */ (self)
  );
importScripts(`files.js?version=${worker.POCKETLENS_VERSION}`);
const list = worker.POCKETLENS_FILES;
if (!list || list.version !== worker.POCKETLENS_VERSION) {
  throw new Error("files.js is not of the version of service_worker.js");
}

const FILES = new Map(
  Object.entries(list.files).map(([path, hash]) => [decodeURIComponent(path), hash]),
);
// caches belong to the origin, and other exports may be served from other folders of it
const OWN_CACHES = `pocketlens ${worker.registration.scope} `;
const CACHE = OWN_CACHES + list.version;
const HASH = "X-Pocketlens-SHA256";
// as in index.html; a page with both COOP and COEP may use threads
const HEADERS = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; " +
    "img-src 'self' blob: data:; connect-src 'self'; worker-src 'self' blob:; " +
    "manifest-src 'self'; media-src 'self' blob:; base-uri 'none'; form-action 'none'",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
};
/** @type {Record<string, string>} */
const TYPES = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  json: "application/json",
  png: "image/png",
  webmanifest: "application/manifest+json",
};

/** @param {string} path */
const address = (path) =>
  new URL(path.split("/").map(encodeURIComponent).join("/"), worker.registration.scope).href;

/**
 * The file that a request is for, if it is one of this version.
 * @param {Request} request
 * @returns {string | null}
 */
function fileOf(request) {
  const url = request.url.split(/[?#]/, 1)[0];
  const scope = worker.registration.scope;
  if (request.method !== "GET" || !url.startsWith(scope)) return null;
  try {
    const path = decodeURIComponent(url.slice(scope.length)) || "index.html";
    return FILES.has(path) ? path : null;
  } catch {
    return null; // no UTF-8
  }
}

/**
 * Fetches a file, checks it, and keeps it.
 * @param {Cache} cache
 * @param {string} path
 */
async function store(cache, path) {
  const hash = /** @type {string} */ (FILES.get(path));
  const url = address(path);
  const kept = (await cache.match(url)) ?? (await keptBefore(url, hash));
  if (kept?.headers.get(HASH) === hash) return cache.put(url, kept);
  const bytes = (hash.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
  const integrity = `sha256-${btoa(String.fromCharCode(...bytes))}`;
  /** @param {RequestCache} mode */
  const fetched = (mode) => fetch(url, { cache: mode, integrity });
  // the browser's cache may have a file of another version that looks as old as this one
  const reply = await fetched("no-cache").catch(() => fetched("reload"));
  if (!reply.ok) throw new Error(`${url}: status ${reply.status}`);
  const type = TYPES[path.slice(path.lastIndexOf(".") + 1)] ?? "application/octet-stream";
  const headers = { ...HEADERS, "Content-Type": type, [HASH]: hash };
  return cache.put(url, new Response(await reply.arrayBuffer(), { headers }));
}

/**
 * The same content in the cache of an earlier version: a model need not be fetched again.
 * @param {string} url
 * @param {string} hash
 */
async function keptBefore(url, hash) {
  for (const name of await caches.keys()) {
    if (!name.startsWith(OWN_CACHES)) continue;
    const found = await (await caches.open(name)).match(url);
    if (found?.headers.get(HASH) === hash) return found;
  }
  return undefined;
}

/** Has every file in the cache, or throws. */
async function fill() {
  const cache = await caches.open(CACHE);
  const there = new Set((await cache.keys()).map((request) => request.url));
  const missing = [...FILES.keys()].filter((path) => !there.has(address(path)));
  await Promise.all(missing.map((path) => store(cache, path)));
}

/** Whether the server has this version, another one, or does not answer. */
async function served() {
  try {
    const reply = await fetch(new URL("files.js", worker.registration.scope), {
      cache: "no-store",
    });
    return reply.ok && (await reply.text()).includes(`"${list?.version}"`) ? "same" : "another";
  } catch {
    return "nothing";
  }
}

/**
 * The page itself: of this version if it is whole, or can be made so; else the server's.
 * @param {FetchEvent} event
 * @param {string} path
 */
async function page(event, path) {
  if (!(await caches.has(CACHE))) {
    // the browser made room: as if there was no worker, while the files are fetched again
    event.waitUntil(refill());
    return fetch(event.request);
  }
  try {
    await fill();
  } catch {
    if ((await served()) === "another") {
      await caches.delete(CACHE); // what is missing cannot be had any more
      return fetch(event.request);
    }
  }
  return file(event.request, path);
}

async function refill() {
  if ((await served()) === "same") await fill();
}

/**
 * @param {Request} request
 * @param {string} path
 */
async function file(request, path) {
  if (!(await caches.has(CACHE))) return fetch(request);
  const cache = await caches.open(CACHE);
  const found = await cache.match(address(path));
  if (found) return found;
  await store(cache, path);
  return (await cache.match(address(path))) ?? Response.error();
}

async function dropOlder() {
  const older = (await caches.keys()).filter((n) => n.startsWith(OWN_CACHES) && n !== CACHE);
  await Promise.all(older.map((name) => caches.delete(name)));
}

worker.addEventListener("install", (event) => event.waitUntil(fill()));
worker.addEventListener("activate", (event) => event.waitUntil(dropOlder()));
worker.addEventListener("message", (event) => {
  if (event.data?.do === "activate") worker.skipWaiting();
});
worker.addEventListener("fetch", (event) => {
  const path = fileOf(event.request);
  if (path === null) return;
  const reply = event.request.mode === "navigate" ? page(event, path) : file(event.request, path);
  event.respondWith(reply);
});
