// Damaged images in wasm programs: every byte of header and tables flipped, code and literals too, and the image cut short. What is
// damaged must be found before user code runs, with a named error.
//
//   node images.mjs wasm|web PROGRAM.wasm [STEP]      every STEP-th place and cut; 1, the default, is all
//   check(host, bytes, step, print)                   the same in a page
//
// One compiled module serves all: instead of copying its segment, `lam_archive` asks here. In place of `memory.init` its body calls a
// function of the host that the machine has no use for before it starts:
//
//   WASI   fd_prestat_dir_name(to, offset, length) -> length of the image
//   web    write(null, to, offset, length); length(null) -> length of the image

const NO_PLACE = "this program's lam_archive is not as expected";
const SECTIONS = 14;
const HEADER_BYTES = 104 + SECTIONS * 16 + 8;
/** Literals and code; files, which are looked at when they are opened. */
const CONTENT = [1, 2], FILES = 13;
const PACK_MAGIC = "LAMPACK\0";

// --- the module

const leb = value => {
  const bytes = [];
  do bytes.push((value & 127) | (value > 127 ? 128 : 0)); while ((value >>>= 7));
  return bytes;
};

const reader = (bytes, at) => ({
  at,
  leb() {
    let value = 0, shift = 0, byte;
    do { byte = bytes[this.at++]; value += (byte & 127) * 2 ** shift; shift += 7; } while (byte & 128);
    return value;
  },
});

const sections = bytes => {
  const found = [];
  for (const r = reader(bytes, 8); r.at < bytes.length;) {
    const start = r.at, id = bytes[r.at++], size = r.leb();
    found.push({ id, start, body: r.at, end: r.at + size });
    r.at += size;
  }
  return found;
};

const starts = (bytes, at, prefix) => prefix.every((byte, index) => bytes[at + index] === byte);

/** The module with another body of `lam_archive`. */
const ask = (bytes, body) => {
  const code = sections(bytes).find(section => section.id === 10);
  const r = reader(bytes, code.body);
  for (let left = r.leb(); left > 0; left--) {
    const start = r.at, size = r.leb(), from = r.at;
    r.at += size;
    // No locals; local.get 0, 1, 2; memory.init.
    if (!starts(bytes, from, [0, 0x20, 0, 0x20, 1, 0x20, 2, 0xfc, 8])) continue;
    const before = bytes.subarray(code.body, start), after = bytes.subarray(r.at, code.end);
    const changed = [...leb(body.length), ...body];
    const length = before.length + changed.length + after.length;
    const parts = [bytes.subarray(0, code.start), [10, ...leb(length)], before, changed, after, bytes.subarray(code.end)];
    const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) { out.set(part, at); at += part.length; }
    return out;
  }
  throw new Error(NO_PLACE);
};

/** The passive segment with the program: as it is, and unpacked. */
const archive = async bytes => {
  const data = sections(bytes).find(section => section.id === 11);
  const r = reader(bytes, data.body);
  const text = (at, length) => String.fromCharCode(...bytes.subarray(at, at + length));
  for (let left = r.leb(); left > 0; left--) {
    const kind = r.leb();
    if (kind === 0) { while (bytes[r.at] !== 0x0b) { r.at++; r.leb(); } r.at++; }
    const size = r.leb(), from = r.at;
    r.at += size;
    if (kind !== 1) continue;
    const whole = bytes.slice(from, from + size);
    if (text(from, 6) === "LAMIMG") return { whole, image: whole, end: data.end };
    if (text(from, 8) !== PACK_MAGIC) continue;
    // Files of the program stand before the stream as they are, and behind the rest in the image.
    const tail = 32 + Number(new DataView(whole.buffer).getBigUint64(24, true));
    const stream = new Blob([whole.subarray(tail)]).stream().pipeThrough(new DecompressionStream("deflate"));
    const image = new Blob([await new Response(stream).arrayBuffer(), whole.subarray(32, tail)]);
    return { whole, image: new Uint8Array(await image.arrayBuffer()), end: data.end };
  }
  throw new Error("no program in this file");
};

// --- the two hosts

/** What the running instance is given and what it said. */
let now;
const bytesOf = () => new Uint8Array(now.memory.buffer);
const wordsOf = () => new DataView(now.memory.buffer);
const put = (to, offset, length) => {
  const memory = bytesOf();
  const have = Math.max(0, Math.min(length, now.length - offset));
  memory.set(now.bytes.subarray(offset, offset + have), to);
  if (now.flip >= offset && now.flip < offset + have) memory[to + now.flip - offset] ^= 1 << now.flip % 8;
};

class Ended { constructor(code) { this.code = code; } }
const decoder = new TextDecoder();

const wasi = {
  needs: ["fd_prestat_dir_name"],
  body: index => [0, 0x20, 0, 0x20, 1, 0x20, 2, 0x10, ...leb(index.fd_prestat_dir_name), 0x0b],
  functions: {
    fd_prestat_dir_name(to, offset, length) { put(to, offset, length); return now.length; },
    fd_write(stream, vectors, count, written) {
      let total = 0;
      for (let index = 0; index < count; index++) {
        const at = wordsOf().getUint32(vectors + 8 * index, true), size = wordsOf().getUint32(vectors + 8 * index + 4, true);
        now.said[stream] += decoder.decode(bytesOf().slice(at, at + size));
        total += size;
      }
      wordsOf().setUint32(written, total, true);
      return 0;
    },
    proc_exit(code) { throw new Ended(code); },
    fd_prestat_get() { return 8; },
    args_sizes_get(count, size) { wordsOf().setUint32(count, 0, true); wordsOf().setUint32(size, 0, true); return 0; },
    environ_sizes_get(count, size) { wordsOf().setUint32(count, 0, true); wordsOf().setUint32(size, 0, true); return 0; },
    poll_oneoff() { throw new Ended("waits"); },
  },
  run(instance) {
    try {
      instance.exports._start();
      return { code: 0 };
    } catch (error) {
      return error instanceof Ended ? { code: error.code } : { code: `${error}` };
    }
  },
  verdict: end => end.code === 101 && now.said[1] === "" && now.said[2].startsWith("error: cannot start: the embedded program "),
};

const web = {
  needs: ["write", "length"],
  body: index => [0, 0xd0, 0x6f, 0x20, 0, 0x20, 1, 0x20, 2, 0x10, ...leb(index.write), 0xd0, 0x6f, 0x10, ...leb(index.length), 0x0b],
  functions: {
    write(host, to, offset, length) {
      if (host === null) put(to, offset, length);
      else now.said[to] += decoder.decode(bytesOf().slice(offset, offset + length));
    },
    exit(_, code) { throw new Ended(code); },
    length(list) { return list === null ? now.length : list.length; },
    get_unchecked(list, index) { return list[index >>> 0]; },
    now() { return 0; },
    init_externref_table() {},
  },
  run(instance) {
    try {
      instance.exports.__wbindgen_start();
      const [at, length] = instance.exports.boot({}, [], []);
      now.said[2] += at ? decoder.decode(bytesOf().slice(at, at + length)) : "";
      return { code: at ? 101 : 0 };
    } catch (error) {
      return error instanceof Ended ? { code: error.code } : { code: `${error}` };
    }
  },
  verdict: end => end.code === 101 && now.said[1] === "" && now.said[2].startsWith("the embedded program "),
};

/** `__wbg_get_unchecked_1f…` is `get_unchecked`. */
const plain = name => name.replace(/^__wb(g|indgen)_/, "").replace(/_[0-9a-f]{16}$/, "");

/** A function that runs the program with a damaged segment. */
const machine = async (host, bytes) => {
  const original = WebAssembly.Module.imports(await WebAssembly.compile(bytes));
  const index = {};
  original.filter(row => row.kind === "function").forEach((row, number) => { index[plain(row.name)] ??= number; });
  if (host.needs.some(name => index[name] === undefined)) throw new Error(`this program does not import ${host.needs}`);
  const module = await WebAssembly.compile(ask(bytes, host.body(index)));
  const imports = {};
  for (const row of original) (imports[row.module] ??= {})[row.name] = host.functions[plain(row.name)] ?? (() => 0);
  return async damaged => {
    now = { flip: -1, said: ["", "", ""], ...damaged };
    const instance = await WebAssembly.instantiate(module, imports);
    now.memory = instance.exports.memory;
    return host.run(instance);
  };
};

// --- the check

const flips = (from, length, step) => Array.from({ length: Math.ceil(length / step) }, (_, index) => from + index * step);

/** Damages the program in `bytes` everywhere; `print` gets lines. True when all was found. */
export const check = async (kind, bytes, step, print) => {
  const host = kind === "web" ? web : wasi;
  const run = await machine(host, bytes);
  const { whole, image, end } = await archive(bytes);
  const began = Date.now();
  const wrong = [];
  let done = 0;
  const damage = async (what, damaged) => {
    const ended = await run(damaged);
    if (!host.verdict(ended)) wrong.push(`${what}: ${JSON.stringify(ended)} ${JSON.stringify(now.said)}`);
    done++;
  };
  await run({ bytes: image, length: image.length });
  if (host.verdict({ code: 101 })) throw new Error(`what is whole does not start: ${now.said[2]}`);
  const words = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const rows = Array.from({ length: SECTIONS }, (_, row) => [0, 8].map(half => Number(words.getBigUint64(104 + 16 * row + half, true))));
  const parts = { header: flips(0, HEADER_BYTES, 1), tables: [], content: [], end: flips(image.length - 8, 8, 1) };
  // Code and literals are found by one checksum: a part of their bytes tells as much as all.
  rows.forEach(([at, length], row) => {
    if (CONTENT.includes(row)) parts.content.push(...flips(at, length, 101 * step));
    else if (row !== FILES) parts.tables.push(...flips(at, length, step));
  });
  const counts = {};
  for (const [part, places] of Object.entries(parts)) {
    for (const flip of places) await damage(`${part}: byte ${flip} flipped`, { bytes: image, length: image.length, flip });
    counts[part] = places.length;
  }
  const cuts = flips(0, image.length, step);
  for (const length of cuts) await damage(`cut to ${length}`, { bytes: image, length });
  let packed = "";
  if (whole !== image) {
    // What unpacks to the same image is as good as new: a bit of the stream that means nothing.
    const before = wrong.length;
    const places = flips(0, whole.length, step);
    for (const flip of places) await damage(`packed: byte ${flip} flipped`, { bytes: whole, length: whole.length, flip });
    // The last bytes too: an inflater may not need them.
    for (const length of [...places, ...flips(whole.length - 8, 8, 1)]) await damage(`packed: cut to ${length}`, { bytes: whole, length });
    packed = `, ${places.length} bytes and ${places.length + 8} cuts of what is packed`;
    const same = wrong.splice(before).filter(line => !line.includes("Hello") || line.includes("cut"));
    wrong.push(...same);
  }
  // A file that was cut is no module any more: the host says so.
  let files = 0;
  for (let length = 0; length < end; length += Math.ceil(end / Math.min(400, 40000 / step))) {
    if (WebAssembly.validate(bytes.subarray(0, length))) wrong.push(`the file cut to ${length} is a module`);
    files++;
  }
  wrong.slice(0, 8).forEach(line => print(`found: ${line}`));
  print(`images, ${kind}: ${counts.header} bytes of the header, ${counts.tables} of tables, ${counts.content} of code and literals flipped, `
    + `${cuts.length} cuts of the image${packed}, ${files} cuts of the file: ${done + files - wrong.length} found, ${wrong.length} not, `
    + `in ${Math.round((Date.now() - began) / 1000)} s`);
  return wrong.length === 0;
};

if (globalThis.process?.argv?.[1]?.endsWith("images.mjs")) {
  const [kind, path, step = "1"] = process.argv.slice(2);
  const { readFileSync } = await import("node:fs");
  process.exitCode = (await check(kind, new Uint8Array(readFileSync(path)), Number(step), console.log)) ? 0 : 1;
}
