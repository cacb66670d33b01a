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
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let rest = "";
  const take = text => {
    // Only what came is searched: `rest` is a long line's parts, which the engine joins when it is printed.
    const parts = text.split("\n");
    parts[0] = rest + parts[0];
    rest = parts.pop();
    for (const line of parts) print(line);
  };
  return {
    write(bytes) { take(decoder.decode(bytes, { stream: true })); },
    flush() {
      take(decoder.decode());
      if (rest) print(rest);
      rest = "";
    },
  };
};

/** A longer timer would end at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

const encoder = new TextEncoder();
const bytesOf = value => typeof value === "string" ? encoder.encode(value) : value;

class Exit {
  constructor(code) { this.code = code; }
}

export default async function init(options = {}) {
  const { args = [], env = {}, stdin = "", wasm } = options;
  const out = lines(options.stdout ?? (line => console.log(line)));
  const err = lines(options.stderr ?? (line => console.error(line)));
  const machine = instantiate();
  await machine({ module_or_path: wasm ?? new URL("js.wasm", import.meta.url) });

  let resolveExit, timer, ended = false, queued = false;
  const exited = new Promise(resolve => { resolveExit = resolve; });
  const end = code => {
    ended = true;
    out.flush();
    err.flush();
    resolveExit(code);
    options.onexit?.(code);
  };
  // Bytes arrive as they are; the machine's own buffer may move, so they are copied here.
  const host = {
    write(stream, bytes) { (stream === 2 ? err : out).write(bytes.slice()); },
    exit(code) { throw new Exit(code); },
  };

  const step = () => {
    queued = false;
    if (ended) return;
    clearTimeout(timer);
    try {
      // 8 ms a turn keep the page at 60 frames a second.
      const [state, value] = machine.run(8000);
      if (state === 0) go();
      else if (state === 1) timer = setTimeout(go, Math.min(LONGEST_TIMER_MS, Math.max(0, Math.ceil(value - performance.now()))));
      else if (state === 3) end(value);
    } catch (error) {
      if (!(error instanceof Exit)) reportError(error);
      end(error instanceof Exit ? error.code : 101);
    }
  };
  const post = makeScheduler(step);
  const go = () => {
    if (queued || ended) return;
    queued = true;
    post();
  };
  const feed = async () => {
    if (typeof stdin.getReader === "function") {
      const reader = stdin.getReader();
      for (let part = await reader.read(); !part.done && !ended; part = await reader.read()) {
        machine.push_stdin(bytesOf(part.value));
        go();
      }
    } else machine.push_stdin(bytesOf(stdin));
    machine.close_stdin();
    go();
  };

  const refused = machine.boot(host, args.map(bytesOf), Object.entries(env).flat().map(bytesOf));
  if (refused) throw new Error(`lam: cannot start: ${refused}`);
  feed();
  go();
  return { exited };
}

// The page that `lam build` writes starts the program by itself; an inline script would need a weaker security policy.
if (globalThis.document?.querySelector('meta[name="lam-start"][content="js"]')) init();
