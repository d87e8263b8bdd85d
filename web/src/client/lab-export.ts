// A run as a file: NumPy's .npz with one array a tap, and trace.json in it that says what they are.
import type { TapValues } from '../protocol.ts';
import { base64 } from './base64.ts';
import { EngineError } from './errors.ts';
import { experimentOf } from './lab-experiment.ts';
import { keptPositions, readKept } from './lab-kept.ts';
import { experimentToJson } from './lab-link.ts';
import type { LabRun } from './lab-run.ts';
import { npy } from './npy.ts';

// The same run gives the same bytes.
const mtime = new Date(1980, 0, 1);

/** What an export would hold. */
export function exportSize(run: LabRun): {
  taps: number;
  first: number;
  end: number;
  bytes: number;
} {
  const { first, end } = keptPositions(run);
  const taps = run.kept?.values.length ?? 0;
  return { taps, first, end, bytes: (end - first) * (run.kept?.bytesPerPosition ?? 0) };
}

/**
 * TAP.npy: (positions, ...axes of the schema) float32; ids.npy: int32, the whole text. Values are
 * stored as they are: they hardly become smaller.
 */
export async function exportTrace(run: LabRun): Promise<Blob> {
  const taps = await readKept(run);
  if (taps.length === 0) throw EngineError.of('not_computed', 'No position is computed yet.');
  const { zipSync } = await import('fflate');
  const { end } = keptPositions(run);
  const ids = Int32Array.from(run.tokens.slice(0, end), ({ id }) => id);
  const about = new TextEncoder().encode(JSON.stringify(await aboutOf(run, taps, ids), null, 1));
  const zip = zipSync(
    {
      'trace.json': [about, { level: 6 }],
      'ids.npy': npy(ids, [ids.length]),
      ...Object.fromEntries(taps.map((tap) => [`${tap.name}.npy`, npy(tap.data, shapeOf(tap))])),
    },
    { level: 0, mtime },
  );
  return new Blob([zip], { type: 'application/zip' });
}

/** The first axis is the positions, whatever it is called. */
function shapeOf({ positions, axes }: TapValues): number[] {
  return [positions, ...axes.slice(1).map(({ size }) => size ?? 1)];
}

async function aboutOf(run: LabRun, taps: readonly TapValues[], ids: Int32Array) {
  const { info, build, session } = run.model!;
  const { architecture, name, file_bytes, n_params, n_layers, n_heads, n_kv_heads } = info;
  return {
    format: 'nanoinfer trace',
    v: 1,
    model: { architecture, name, file_bytes, n_params, n_layers, n_heads, n_kv_heads },
    build: { ...build, kernels: session.kernels },
    n_prompt: run.nPrompt,
    tokens: run.tokens.slice(0, ids.length).map(({ id, bytes, kind }) => ({
      id,
      bytes: base64(bytes),
      kind,
    })),
    /** Row 0 of an array is that of position `first`. */
    taps: taps.map((tap) => ({
      name: tap.name,
      op: run.tap(tap.name)!.op,
      first: tap.first,
      positions: tap.positions,
      axes: tap.axes,
      unit: tap.unit,
    })),
    experiment: experimentToJson(await experimentOf(run, [])),
  };
}
