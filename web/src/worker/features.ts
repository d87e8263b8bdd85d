import { relaxedSimd, simd } from 'wasm-feature-detect';
import type { BuildChoice, LoadOptions } from '../protocol.ts';
import { Failure } from './failure.ts';

const maxThreads = 8; // Beyond this a token is too short to share further.

/**
 * Which of the four wasm files this worker can run. Decided before one is fetched, because an
 * opcode that a browser does not know makes a whole file invalid. `crossOriginIsolated` alone is
 * not enough: WebKitGTK says true and yet has no SharedArrayBuffer in workers.
 */
export async function chooseBuild(options: LoadOptions): Promise<BuildChoice> {
  if (!(await simd())) {
    throw new Failure('unsupported_browser', 'This browser has no WebAssembly SIMD: update it.');
  }
  const isolated = globalThis.crossOriginIsolated;
  const shared = isolated && typeof SharedArrayBuffer !== 'undefined';
  const cores = navigator.hardwareConcurrency || 1;
  const wanted = options.threads ?? Math.min(cores, maxThreads);
  // 0 threads means the single-thread file, even where threads would work.
  const threads = shared && wanted > 0;
  return {
    simd: options.simd ?? ((await relaxedSimd()) ? 'relaxed' : 'simd128'),
    threads,
    nThreads: threads ? Math.min(wanted, 32) : 1,
    isolated,
    reason: explain(isolated, shared, wanted),
  };
}

function explain(isolated: boolean, shared: boolean, wanted: number): string {
  if (!isolated) {
    return 'This page is not cross-origin isolated (its server sends no COOP and COEP headers), so the browser gives no shared memory and the engine runs on one thread.';
  }
  if (!shared) {
    return 'This page is isolated, but this browser has no shared memory in workers, so the engine runs on one thread.';
  }
  if (wanted === 0) return 'This page is isolated; the address asks for the single-thread build.';
  return `This page is cross-origin isolated, so the engine shares memory between ${wanted} thread${wanted === 1 ? '' : 's'}.`;
}
