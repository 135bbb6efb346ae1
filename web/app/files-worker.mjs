// @ts-check
// files-worker.mjs - keeps models in the browser's private file system: a
// picked file or the page's own pocket model, piece by piece, with progress.
// A file counts only once the page has put it on its list, and it does that
// after the last piece; what is not on the list is swept away.
//
// In:  {do: 'keep', name, file | url, bytes} {do: 'cancel'} {do: 'remove', name}
//      {do: 'sweep', names}
// Out: {is: 'progress', done, total} {is: 'kept', bytes} {is: 'removed'}
//      {is: 'swept'} {is: 'failed', reason}

const PIECE = 8 << 20;
let cancelled = false;

const folder = async () =>
  (await navigator.storage.getDirectory()).getDirectoryHandle('models', { create: true });

/** The pieces of a picked file. @param {File} file */
async function* fromFile(file) {
  for (let at = 0; at < file.size; at += PIECE)
    yield new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer());
}

/** @param {Response} r */
async function* fromReply(r) {
  const reader = /** @type {ReadableStream<Uint8Array>} */ (r.body).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

/** @param {any} m */
async function sourceOf(m) {
  if (m.file) return { total: m.file.size, pieces: fromFile(m.file) };
  const r = await fetch(m.url);
  if (!r.ok || !r.body) throw new Error(`the server answered ${r.status}`);
  return { total: m.bytes, pieces: fromReply(r) };
}

/** @param {any} m */
async function keep(m) {
  cancelled = false;
  const dir = await folder(), { total, pieces } = await sourceOf(m);
  const handle = await (await dir.getFileHandle(m.name, { create: true })).createSyncAccessHandle();
  let done = 0;
  try {
    handle.truncate(0);
    for await (const piece of pieces) {
      if (cancelled) throw new Error('cancelled');
      /* A full store may answer with a wrong length instead of an error. */
      if (handle.write(piece, { at: done }) !== piece.length) throw new Error('there is no room left');
      done += piece.length;
      postMessage({ is: 'progress', done, total });
    }
    if (total && done !== total) throw new Error(`${done} of ${total} bytes came`);
    handle.flush();
  } catch (e) {
    handle.close();
    await dir.removeEntry(m.name).catch(() => {});
    throw e;
  }
  handle.close();
  postMessage({ is: 'kept', bytes: done });
}

/** @param {string[]} names what may stay */
async function sweep(names) {
  const dir = await folder(), gone = new Set(names);
  for await (const name of /** @type {any} */ (dir).keys()) {
    if (gone.delete(name)) continue;
    await dir.removeEntry(name).catch(() => {});
  }
  postMessage({ is: 'swept', gone: [...gone] });
}

self.onmessage = async e => {
  const m = e.data;
  try {
    if (m.do === 'keep') await keep(m);
    else if (m.do === 'cancel') cancelled = true;
    else if (m.do === 'sweep') await sweep(m.names);
    else if (m.do === 'remove') {
      await (await folder()).removeEntry(m.name);
      postMessage({ is: 'removed' });
    }
  } catch (x) {
    const reason = x instanceof Error ? x.message : String(x);
    postMessage({ is: 'failed', reason, cancelled: reason === 'cancelled',
      quota: x instanceof DOMException && x.name === 'QuotaExceededError' });
  }
};
