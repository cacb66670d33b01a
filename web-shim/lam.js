// Made by `lam build -t web`. One call of `init` starts one machine on the page's event loop.
//
//   import init from "./js.js";
//   const lam = await init({ args: ["a"], stdout: line => console.log(line) });
//   await lam.exited;
//
// No worker, no eval, no special headers; `script-src 'self' 'wasm-unsafe-eval'` is enough.

const instantiate = () => __GLUE__;

/** Runs `step` soon without blocking the page: postTask where there is one (16 µs a turn), else a message to ourselves. */
const makeScheduler = step => {
  if (globalThis.scheduler?.postTask) return () => { scheduler.postTask(step).catch(error => reportError(error)); };
  const channel = new MessageChannel();
  channel.port1.onmessage = step;
  return () => channel.port2.postMessage(0);
};

/** Turns writes into whole lines, one call a line. */
const lines = print => {
  const decoder = new TextDecoder();
  let rest = "";
  return {
    write(bytes) {
      const parts = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = parts.pop();
      for (const line of parts) print(line);
    },
    flush() {
      if (rest) print(rest);
      rest = "";
    },
  };
};

const encoder = new TextEncoder();
const bytesOf = value => typeof value === "string" ? encoder.encode(value) : value;

export default async function init(options = {}) {
  const { args = [], env = {}, stdin, wasm } = options;
  const out = lines(options.stdout ?? (line => console.log(line)));
  const err = lines(options.stderr ?? (line => console.error(line)));
  const machine = instantiate();
  await machine({ module_or_path: wasm ?? new URL("js.wasm", import.meta.url) });

  let resolveExit, timer, ended = false, queued = false, input = new Uint8Array(0);
  const exited = new Promise(resolve => { resolveExit = resolve; });
  const host = {
    write(fd, bytes) { (fd === 2 ? err : out).write(bytes); },
    // Up to `length` bytes of stdin; null at its end.
    read(length) {
      while (input.length === 0) {
        const next = typeof stdin === "function" ? stdin() : null;
        if (next === null || next === undefined) return null;
        input = bytesOf(next);
      }
      const part = input.slice(0, length);
      input = input.slice(length);
      return part;
    },
    // Called from inside the machine when something woke it between two turns.
    wake() { go(); },
  };

  const step = () => {
    queued = false;
    if (ended) return;
    clearTimeout(timer);
    // [0] runnable, [1, until] sleep, [2] idle, [3, code] exited; 8 ms a turn keep the page at 60 frames a second.
    const [state, value] = machine.run(8000);
    if (state === 0) go();
    else if (state === 1) timer = setTimeout(go, Math.max(0, value - performance.now()));
    else if (state === 3) {
      ended = true;
      out.flush();
      err.flush();
      resolveExit(value);
      options.onexit?.(value);
    }
  };
  const post = makeScheduler(step);
  const go = () => {
    if (queued || ended) return;
    queued = true;
    post();
  };

  machine.boot(host, args.map(bytesOf), Object.entries(env).flat().map(bytesOf));
  go();
  return { exited };
}
