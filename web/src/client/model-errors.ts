// The loaded model and a reference file of it, both run over the same tokens: what rounding the weights
// does to the residual stream behind each layer, and to the prediction.
import type { ReferenceFile, TokenPiece } from '../protocol.ts';
import type { Client } from './client.ts';
import { EngineError } from './errors.ts';
import { klOf } from './lab-compare.ts';
import { keptPositions } from './lab-kept.ts';
import type { LabRun } from './lab-run.ts';
import { relativeDistance } from './output-errors.ts';

/** Bytes of the file, then tokens. */
export interface ModelErrorsProgress {
  doing: 'loading' | 'running' | 'comparing';
  done: number;
  of: number;
}

/** What both made of positions first, first + 1, ... */
export interface ModelErrors {
  reference: ReferenceFile;
  /** The text up to the last of the positions. */
  tokens: readonly TokenPiece[];
  /** The run's, when it was read. */
  epoch: number;
  first: number;
  /** (positions)(n_layers) ||x - x_ref|| / ||x_ref||, x the residual stream behind the layer. */
  layers: readonly Float64Array[];
  /** (positions) nats: KL(reference || loaded) of the next token, without edits of the logits. */
  kl: Float64Array;
  /** (positions) the likeliest next token of each. */
  likeliest: readonly TokenPiece[];
  likeliestThere: readonly TokenPiece[];
}

/** The taps that a run must keep for it. */
export const residualTaps = ({ model }: LabRun): string[] =>
  Array.from({ length: model!.info.n_layers }, (_, layer) => `L.${layer}.resid_post`);

/**
 * Loads the reference into an engine of its own, with the run's edits, and closes that when all is
 * read. The run may step on meanwhile, and should not be computed anew.
 */
async function compareModels(
  run: LabRun,
  reference: ReferenceFile,
  signal: AbortSignal,
  onProgress: (progress: ModelErrorsProgress) => void,
): Promise<ModelErrors> {
  const { epoch } = run;
  const other = run.client.beside();
  const close = () => other.close();
  signal.addEventListener('abort', close);
  try {
    const { end, ...kept } = keptPositions(run);
    let { first } = kept;
    const tokens = run.tokens.slice(0, end);
    const taps = residualTaps(run);
    await other.load(
      { kind: 'file', file: reference.file },
      { nCtx: end, keep: false },
      {
        onProgress: ({ bytes }) =>
          onProgress({ doing: 'loading', done: bytes, of: reference.file.size }),
      },
    );
    await other.trace.setEdits([...run.edits]);
    const { bytesPerPosition } = await other.trace.estimate({ values: taps });
    await other.trace.keep({ values: taps, maxBytes: bytesPerPosition * (end - first) });
    await other.prefill(
      tokens.map(({ id }) => id),
      { onProgress: (done, of) => onProgress({ doing: 'running', done, of }) },
    );
    const layers: Float64Array[] = [];
    const kl: number[] = [];
    const ids: { here: number; there: number }[] = [];
    for (let position = first; position < end; ++position) {
      onProgress({ doing: 'comparing', done: position - first, of: end - first });
      try {
        const [own, exact] = await Promise.all([
          betweenSteps(signal, () => rowsAt(run.client, taps, position)),
          rowsAt(other, taps, position),
        ]);
        const [here, there] = await Promise.all([
          betweenSteps(signal, () => prediction(run.client, taps.at(-1)!, position)),
          prediction(other, taps.at(-1)!, position),
        ]);
        layers.push(Float64Array.from(own, (x, i) => relativeDistance(x, exact[i]!, exact[i]!)));
        kl.push(klOf(there, here));
        ids.push({ here: largest(here), there: largest(there) });
      } catch (thrown) {
        const kept = keptPositions(run).first;
        if (position >= kept) throw thrown;
        // Steps meanwhile have taken the place of this one and of those before it.
        layers.length = kl.length = ids.length = 0;
        first = kept;
        position = kept - 1;
      }
    }
    const likeliest = await run.client.pieces(ids.map(({ here }) => here));
    const likeliestThere = await run.client.pieces(ids.map(({ there }) => there));
    if (kl.length === 0) throw EngineError.of('not_kept', 'None of these tokens is kept any more.');
    return {
      reference,
      tokens,
      epoch,
      first,
      layers,
      kl: Float64Array.from(kl),
      likeliest,
      likeliestThere,
    };
  } finally {
    signal.removeEventListener('abort', close);
    close();
  }
}

/** What is read once the engine is at no step of the run. */
async function betweenSteps<T>(signal: AbortSignal, read: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await read();
    } catch (thrown) {
      if (EngineError.from(thrown).code !== 'busy' || signal.aborted) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

async function rowsAt(
  { trace }: Client,
  taps: readonly string[],
  position: number,
): Promise<Float32Array[]> {
  const rows = await Promise.all(taps.map((name) => trace.read(name, position)));
  return rows.map(({ data }) => data);
}

/** (n_vocab) logits behind a position, of the last layer's residual stream there. */
async function prediction({ trace }: Client, tap: string, position: number): Promise<Float32Array> {
  return (await trace.lens(tap, position, { all: true, top: 1 })).logits!;
}

/** Of equals the first, as the sampler has it. */
const largest = (logits: Float32Array): number =>
  logits.reduce((best, x, id) => (x > logits[best]! ? id : best), 0);

const ofRuns = new WeakMap<LabRun, ModelComparison>();

/**
 * A lab's comparison with a reference. It stays while panels come and go, and not longer than the model.
 * @fires change
 */
export class ModelComparison extends EventTarget {
  readonly #run: LabRun;
  #reference = 0;
  #abort = new AbortController();
  /** null: none has been made. */
  errors: ModelErrors | null = null;
  /** null: none is being made. */
  progress: ModelErrorsProgress | null = null;
  error: EngineError | null = null;

  static of(run: LabRun): ModelComparison {
    const found = ofRuns.get(run) ?? new ModelComparison(run);
    ofRuns.set(run, found);
    return found;
  }

  private constructor(run: LabRun) {
    super();
    this.#run = run;
    for (const event of ['load', 'lost']) run.client.addEventListener(event, () => this.use(null));
  }

  /** Forgets what was of another reference. */
  use(reference: ReferenceFile | null): void {
    const nth = reference?.nth ?? 0;
    if (nth === this.#reference) return;
    this.#reference = nth;
    this.stop();
    this.errors = this.error = null;
  }

  /** What was computed again since then differs, or may. */
  isOfBefore({ epoch, tokens }: ModelErrors): boolean {
    const run = this.#run;
    return run.epoch !== epoch || tokens.some(({ id }, at) => run.tokens[at]?.id !== id);
  }

  async start(reference: ReferenceFile): Promise<void> {
    if (this.progress) return;
    const { signal } = (this.#abort = new AbortController());
    const { epoch } = this.#run;
    this.errors = this.error = null;
    this.#changed({ doing: 'loading', done: 0, of: reference.file.size });
    try {
      this.errors = await compareModels(this.#run, reference, signal, (progress) =>
        this.#changed(progress),
      );
    } catch (thrown) {
      this.error = EngineError.from(thrown);
    }
    if (signal.aborted) this.errors = this.error = null;
    else if (this.#run.epoch !== epoch) {
      this.errors = null;
      this.error = EngineError.of('changed', 'The run was computed anew meanwhile: try again.');
    }
    this.#changed(null);
  }

  stop(): void {
    this.#abort.abort();
  }

  #changed(progress: ModelErrorsProgress | null) {
    this.progress = progress;
    this.dispatchEvent(new Event('change'));
  }
}
