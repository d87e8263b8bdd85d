import type { OpInfo } from '../protocol.ts';

/** A function or struct of the engine, with the comment before it. */
export interface SourceLines {
  name: string;
  /** Path from the repository's root. */
  file: string;
  /** Lines, counted from 1. */
  first: number;
  last: number;
  text: string;
  /** Other ops or kernels run it too. */
  shared: boolean;
}

/** What runs for an op. Lists begin with what no other runs; callers stand before what they call. */
export interface OpSource {
  /** The same whatever the kernel set; empty: the op does nothing in this form of pass. */
  own: SourceLines[];
  /** The kernels that it calls, by their name in engine/kernels/kernels.h and then by set. */
  kernels: { name: string; sets: Record<string, SourceLines[]> }[];
}

/** The last commit that changed the engine ('': not known), and whether the text differs from it. */
export interface EngineVersion {
  commit: string;
  changed: boolean;
}

/** A pass of few rows takes other ways through some ops than one of many. */
export type PassForm = 'decode' | 'prefill';

/** The source that the engine was built from, and which of it each op runs. */
export class EngineSource {
  readonly #map: EngineSourceMap;
  readonly #shared: Set<number>;

  constructor(map: EngineSourceMap) {
    this.#map = map;
    this.#shared = sharedDefinitions(map);
  }

  get version(): EngineVersion {
    const { commit, changed } = this.#map;
    return { commit, changed };
  }

  /** Names of the kernel sets, the definition first. */
  get sets(): readonly string[] {
    return this.#map.sets;
  }

  /** Which form an op takes that works on so many rows. */
  form({ kind }: Pick<OpInfo, 'kind'>, rows: number): PassForm {
    return rows < (kind === 'matmul' ? this.#map.panelRows : 2) ? 'decode' : 'prefill';
  }

  /**
   * Output rows of a matrix that do not fill a tile. The scalar set unpacks them, and their products
   * are those of the form 'prefill' in every pass.
   */
  rowsLeftOver({ kind, n_out }: Pick<OpInfo, 'kind' | 'n_out'>): number {
    return kind === 'matmul' ? n_out % this.#map.tileRows : 0;
  }

  /** undefined: this build has no such op. */
  of({ kind, type }: Pick<OpInfo, 'kind' | 'type'>, form: PassForm): OpSource | undefined {
    const op = this.#map.ops[`${kind} ${form} ${type ?? ''}`];
    if (!op) return undefined;
    const lines = (indices: number[]) =>
      indices
        .map((index) => this.#lines(index))
        .sort((a, b) => Number(a.shared) - Number(b.shared));
    const kernels = Object.entries(op.kernels).map(([name, sets]) => ({
      name,
      sets: Object.fromEntries(Object.entries(sets).map(([set, list]) => [set, lines(list)])),
    }));
    return { own: lines(op.own), kernels };
  }

  #lines(index: number): SourceLines {
    const definition = this.#map.definitions[index]!;
    const lines = this.#map.files[definition.file]!.split('\n');
    const text = lines.slice(definition.first - 1, definition.last).join('\n');
    return { ...definition, text, shared: this.#shared.has(index) };
  }
}

/** Fetches it: a file of its own, as large as a picture. */
export async function readEngineSource(): Promise<EngineSource> {
  const { default: map } = await import('virtual:engine-source');
  return new EngineSource(map);
}

/** Definitions that belong to more than one kind of op or kernel. */
function sharedDefinitions({ ops }: EngineSourceMap): Set<number> {
  const owners = new Map<number, string>();
  const shared = new Set<number>();
  const add = (owner: string, indices: number[]) => {
    for (const index of indices) {
      if ((owners.get(index) ?? owner) !== owner) shared.add(index);
      owners.set(index, owner);
    }
  };
  for (const [op, { own, kernels }] of Object.entries(ops)) {
    add(`op ${op.split(' ')[0]!}`, own);
    for (const [kernel, sets] of Object.entries(kernels)) add(kernel, Object.values(sets).flat());
  }
  return shared;
}
