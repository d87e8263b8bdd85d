// A recorded run on its way into a lab: from a file, or from an address.
import { EngineError } from './errors.ts';
import type { LabRun } from './lab-run.ts';
import { maxRunFile, runOfFile } from './run-file.ts';

/**
 * @fires change
 * @fires opened - the run is there, and its own view of it is wanted
 */
export class RunOpening extends EventTarget {
  readonly #run: LabRun;
  /** What is going on, in a sentence; '': nothing. */
  doing = '';
  /** Why the last one is not there. */
  error: EngineError | null = null;
  /** An address on another host, which is asked for nothing before the person has agreed. */
  question: URL | null = null;

  constructor(run: LabRun) {
    super();
    this.#run = run;
  }

  /** `address`: of a page's own parameter, so anybody's. `view`: with the recording's panels. */
  async openAddress(address: string, { agreed = false, view = true } = {}): Promise<void> {
    this.question = null;
    await this.#act('Fetching the recorded run…', async () => {
      const url = urlOf(address);
      if (!agreed && url.origin !== location.origin) {
        this.question = url;
        return;
      }
      await this.#play(await fetched(url), view);
    });
  }

  open(file: Blob): Promise<void> {
    return this.#act('Reading the recorded run…', () => this.#play(file, true));
  }

  dismissError(): void {
    this.error = null;
    this.#changed();
  }

  async #play(file: Blob, view: boolean): Promise<void> {
    this.#run.client.play(await runOfFile(file));
    if (view) this.dispatchEvent(new Event('opened'));
  }

  async #act(doing: string, action: () => Promise<void>): Promise<void> {
    this.doing = doing;
    this.error = null;
    this.#changed();
    try {
      await action();
    } catch (thrown) {
      this.error = EngineError.from(thrown);
    }
    this.doing = '';
    this.#changed();
  }

  #changed(): void {
    this.dispatchEvent(new Event('change'));
  }
}

function urlOf(address: string): URL {
  const url = URL.canParse(address, location.href) ? new URL(address, location.href) : null;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw EngineError.of('bad_argument', 'The recorded run’s address is no web address.', address);
}

async function fetched(url: URL): Promise<Blob> {
  const failure = (actual: string, expected = 'a file') =>
    new EngineError({
      code: 'fetch',
      message: 'The recorded run could not be fetched.',
      ...{ place: url.href, expected, actual },
    });
  let response: Response;
  try {
    response = await fetch(url);
  } catch (thrown) {
    throw failure(thrown instanceof Error ? thrown.message : String(thrown));
  }
  if (!response.ok || !response.body) throw failure(`status ${response.status}`);
  const parts: BlobPart[] = [];
  let size = 0;
  for (const reader = response.body.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) return new Blob(parts);
    parts.push(value);
    size += value.length;
    if (size > maxRunFile) {
      await reader.cancel();
      throw failure('more', `at most ${maxRunFile} bytes`);
    }
  }
}

const openings = new WeakMap<LabRun, RunOpening>();

export function openingIn(run: LabRun): RunOpening {
  const found = openings.get(run) ?? new RunOpening(run);
  openings.set(run, found);
  return found;
}
