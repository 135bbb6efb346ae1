// serve_test.mjs TARN: the gate of `tarn web` (RELIABILITY H01 - H08, H10),
// with raw requests.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check, equal, finish, test } from './browser.mjs';

const tarn = process.argv.splice(2, 1)[0];
const folder = mkdtempSync(join(tmpdir(), 'tarn-serve-'));
mkdirSync(join(folder, 'v-1'));
writeFileSync(join(folder, 'index.html'), '<!DOCTYPE html><title>t</title>');
writeFileSync(join(folder, 'v-1', 'a.mjs'), 'export {};');
writeFileSync(join(folder, 'pocket.gguf'), Buffer.alloc(100, 7));
writeFileSync(join(folder, 'secret.key'), 'not part of the page');
symlinkSync('/etc/passwd', join(folder, 'link.css'));

/** @returns {Promise<{url: URL, child: any, exited: Promise<number>, err: () => string}>} */
function launch(...args) {
  const child = spawn(tarn, ['web', '--dir', folder, ...args], { env: { ...process.env, G_DEBUG: 'fatal-criticals' } });
  let out = '', err = '';
  const exited = new Promise(ok => child.on('exit', (code, signal) => ok(signal ?? code)));
  child.stderr.on('data', d => { err += d; });
  return new Promise((ok, no) => {
    child.stdout.on('data', d => {
      out += d;
      if (out.includes('\n')) ok({ url: new URL(out.trim()), child, exited, err: () => err });
    });
    exited.then(code => no(Object.assign(new Error(`exit ${code}: ${err}`), { code, err })));
  });
}

/** Sends bytes as they are; what came back until the connection closed. */
function raw(url, text, ms = 3000) {
  return new Promise(ok => {
    const s = net.connect(Number(url.port), '127.0.0.1');
    const parts = [];
    s.setTimeout(ms, () => s.destroy());
    s.on('connect', () => s.write(text));
    s.on('data', d => parts.push(d));
    s.on('error', () => {});
    s.on('close', () => ok(Buffer.concat(parts).toString('latin1')));
  });
}
const status = answer => Number(/^HTTP\/1\.[01] (\d+)/.exec(answer)?.[1] ?? 0);
const lines = (...l) => [...l, 'Connection: close', '', ''].join('\r\n');

const s = await launch('--port', '0');
const host = `127.0.0.1:${s.url.port}`, base = s.url.pathname;
const get = (path, ...headers) => raw(s.url, lines(`GET ${path} HTTP/1.1`, `Host: ${host}`, ...headers));

await test('good_request_has_every_header', async () => {
  const a = await get(base);
  equal(status(a), 200, 'status');
  for (const h of ['Cross-Origin-Opener-Policy: same-origin', 'Cross-Origin-Embedder-Policy: require-corp',
    'Cross-Origin-Resource-Policy: same-origin', 'X-Content-Type-Options: nosniff', "frame-ancestors 'none'",
    "require-trusted-types-for 'script'", 'Content-Type: text/html'])
    check(a.includes(h), `${h} is missing`);
  check(!/access-control/i.test(a), 'a CORS header');
  check((await get(`${base}v-1/a.mjs`)).includes('Content-Type: text/javascript'), 'type of a module');
  const head = await raw(s.url, lines(`HEAD ${base} HTTP/1.1`, `Host: ${host}`));
  check(head.endsWith('\r\n\r\n') && head.includes('Content-Length: 31'), 'HEAD');
});

await test('h01_h02_only_our_host_once', async () => {
  for (const h of ['evil.example', 'localhost', `LOCALHOST.:${s.url.port}`, `evil.example:${s.url.port}`])
    equal(status(await raw(s.url, lines(`GET ${base} HTTP/1.1`, `Host: ${h}`))), 403, h);
  equal(status(await raw(s.url, `GET ${base} HTTP/1.0\r\n\r\n`)), 403, 'no host');
  const twice = status(await raw(s.url, lines(`GET ${base} HTTP/1.1`, `Host: ${host}`, `Host: ${host}`)));
  check([400, 403].includes(twice), `two hosts: ${twice}`);
  equal(status(await raw(s.url, lines(`GET ${base} HTTP/1.1`, `Host: localhost:${s.url.port}`))), 200, 'localhost');
});

await test('h03_absolute_target_must_be_ours', async () => {
  equal(status(await raw(s.url, lines(`GET http://evil${base} HTTP/1.1`, `Host: ${host}`))), 403);
});

await test('h04_paths_are_a_table', async () => {
  for (const p of ['/', '/index.html', `${base}../../etc/passwd`, `${base}secret.key`, `${base}link.css`, `${base}v-1/`,
    `${base}%2e%2e/x`, `${base}..%5cx`, `${base}%252e%252e/`, `/${base}`, `${base}/index.html`, base.slice(0, -1)]) {
    const code = status(await get(p));
    check([400, 404].includes(code), `${p}: ${code}`);
  }
});

await test('h05_ranges_are_answered_whole', async () => {
  for (const r of ['bytes=-101', 'bytes=0-0', `bytes=${'0-,'.repeat(1500)}0-`, 'bytes=9223372036854775808-']) {
    const a = await get(`${base}pocket.gguf`, `Range: ${r}`);
    equal(status(a), 200, r.slice(0, 20));
    check(a.includes('Content-Length: 100'), 'whole');
  }
});

await test('h07_big_headers_end_the_connection_only', async () => {
  for (const n of [1, 1000, 100000, 10000000]) await get(base, `X-Big: ${'a'.repeat(n)}`);
  equal(status(await get(base)), 200);
});

await test('h08_other_origins_and_methods', async () => {
  for (const site of ['cross-site', 'same-site', 'x'])
    equal(status(await get(base, `Sec-Fetch-Site: ${site}`)), 403, site);
  equal(status(await get(base, 'Sec-Fetch-Site: same-origin')), 200);
  for (const m of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE', 'get']) {
    const code = status(await raw(s.url, lines(`${m} ${base} HTTP/1.1`, `Host: ${host}`)));
    check([400, 403, 405].includes(code), `${m}: ${code}`);
  }
  const big = await raw(s.url, lines(`GET ${base} HTTP/1.1`, `Host: ${host}`, 'Content-Length: 1000000000'));
  check([0, 413].includes(status(big)), `a GET with a body: ${status(big)}`);
  equal(status(await get(base)), 200, 'afterwards');
});

await test('h06_half_requests_do_not_shut_others_out', async () => {
  const fds = () => readdirSync(`/proc/${s.child.pid}/fd`).length, before = fds();
  const idle = Array.from({ length: 200 }, () => {
    const c = net.connect(Number(s.url.port), '127.0.0.1');
    c.on('error', () => {});
    c.resume();
    c.on('connect', () => c.write(`GET ${base} HTTP/1.1\r\nHost: `));
    return c;
  });
  await new Promise(ok => setTimeout(ok, 1000));
  check(fds() - before <= 66, `${fds() - before} descriptors`);
  const closed = idle.map(c => new Promise(ok => c.destroyed ? ok() : c.on('close', ok)));
  await Promise.race([Promise.all(closed), new Promise((_, no) => setTimeout(no, 25000, new Error('a half request stays open')))]);
  equal(status(await get(base)), 200, 'afterwards');
});

await test('h10_taken_port_is_exit_7_with_a_sentence', async () => {
  let seen = null;
  try { (await launch('--port', s.url.port)).child.kill(); } catch (e) { seen = e; }
  equal(seen?.code, 7);
  check(seen.err.includes(`port ${s.url.port} is in use`), seen.err);
});

await test('sigterm_ends_with_143', async () => {
  s.child.kill('SIGTERM');
  equal(await s.exited, 143);
  check(!/critical|warning/i.test(s.err()), s.err());
});
s.child.kill('SIGKILL');
rmSync(folder, { recursive: true });
await finish();
