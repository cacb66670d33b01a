/** What `init` takes; everything may be left out. */
export interface LamOptions {
  /** The program's own arguments. */
  args?: (string | Uint8Array)[];
  /** Its environment. */
  env?: Record<string, string>;
  /** Called with each line written to stdout, without its newline; `console.log` by default. */
  stdout?: (line: string) => void;
  /** Called with each line written to stderr; `console.error` by default. */
  stderr?: (line: string) => void;
  /** Its input: all of it, or a stream of bytes or text; none by default. */
  stdin?: string | Uint8Array | ReadableStream<string | Uint8Array>;
  /** Called with the exit code when the program has ended. */
  onexit?: (code: number) => void;
  /** The .wasm file, where it does not lie beside the module. */
  wasm?: URL | string | Request | Response | Promise<Response> | BufferSource | WebAssembly.Module;
}

/** One machine on the page. */
export interface Lam {
  /** Resolves with the exit code when the program has ended. */
  exited: Promise<number>;
}

/** Starts one machine. */
export default function init(options?: LamOptions): Promise<Lam>;
