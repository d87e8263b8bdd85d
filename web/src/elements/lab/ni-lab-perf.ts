import { html, nothing } from 'lit';
import { clockTick } from '../../clock-tick.ts';
import type { LabRun } from '../../client/lab-run.ts';
import type { OpTotals, PassTimes, Phase } from '../../client/pass-times.ts';
import { flame } from '../../draw/flame.ts';
import { bytes as size, percent, rate, threads } from '../../draw/format.ts';
import { layerWords, shortTime } from '../../draw/op-words.ts';
import { type RoofPoint, type Roofs, roofline } from '../../draw/roofline.ts';
import type { BenchmarkResult, BenchmarkRun, OpInfo } from '../../protocol.ts';
import { LabPanel } from './lab-panel.ts';
import type { DataTable } from './ni-data-table.ts';
import './ni-kernel-race.ts';
import './ni-numbers.ts';
import { family, flameChart, roofBox, roofChart, threadChart } from './perf-charts.ts';
import { perfStyles } from './perf-styles.ts';
import { WidthWatch } from './width-watch.ts';

interface View {
  ops: readonly OpInfo[];
  phase: Phase;
  /** Of the phase. */
  passes: number;
  rows: number;
  /** (nOps) mean of a pass. */
  ms: number[];
  /** Ops of one name or kind, over the layers and the phase's passes. */
  kinds: Group[];
  names: { prefill: Group[]; decode: Group[] };
  machine: BenchmarkResult | null;
  /** The kernel set that the run has. */
  inUse: string;
  selected: number;
}

interface Group {
  name: string;
  kind: string;
  ops: number;
  ms: number;
  bytes: number;
  macs: number;
}

let tickMs: number | undefined;

/** Where a pass's time goes, op by op, and what this machine would allow. */
export class NiLabPerf extends LabPanel<View> {
  static override properties = {
    ...LabPanel.properties,
    phase: { state: true },
    pointed: { state: true },
  };
  /** null: what has been timed. */
  declare phase: Phase | null;
  declare pointed: number | null;
  readonly #width = new WidthWatch(this);

  constructor() {
    super();
    this.phase = null;
    this.pointed = null;
  }

  protected override async read(run: LabRun): Promise<View> {
    if (!run.times) await run.timeOps();
    const { ops, machine, selection } = run;
    const times = run.times!;
    const phase = this.phase ?? times.phase;
    const totals = times[phase];
    return {
      ops,
      phase,
      passes: totals.passes[0] ?? 0,
      rows: totals.rows[0] ?? 0,
      ms: Array.from(totals.ms, (ms, op) => ms / (totals.passes[op] || 1)),
      kinds: groups(ops, totals, ({ kind }) => kind),
      names: { prefill: byName(ops, times, 'prefill'), decode: byName(ops, times, 'decode') },
      machine,
      inUse: run.recorded ? '' : (await run.client.memory()).kernels,
      selected: selection.op,
    };
  }

  protected override lead() {
    tickMs ??= clockTick();
    const { recorded } = this.run;
    return html`
      ${
        recorded
          ? 'Each op as it was timed on the machine that made the recording, alone between two readings of its clock: short ops are right only as sums and over many passes.'
          : `Each op of the steps you take, alone between two readings of the clock, which moves in steps of ${tickText(tickMs)}: shorter ops are right only as sums and over many passes.`
      }
    `;
  }

  protected override draw(view: View) {
    const { passes } = view;
    const { recorded } = this.run;
    return html`
      <div class="row">
        <label
          >Passes
          <select aria-label="Passes" @change=${this.#choosePhase}>
            ${(['decode', 'prefill'] as const).map(
              (each) =>
                html`<option value=${each} ?selected=${each === view.phase}>
                  ${phaseWords[each]}
                </option>`,
            )}
          </select>
        </label>
        ${
          recorded
            ? nothing
            : html`<button class="plain" @click=${() => void this.run.timeOps()}>
                Forget these times
              </button>`
        }
      </div>
      ${
        passes === 0
          ? html`<p class="empty">
              ${recorded ? 'None of these was timed in the recording.' : 'None of these has been timed: step on.'}
            </p>`
          : html`${this.#flame(view)} ${this.#kinds(view)}`
      }
      ${recorded ? html`<p class="soft">To measure this machine, load the model.</p>` : this.#machine(view)}
    `;
  }

  #choosePhase = (event: Event) => {
    this.phase = (event.target as HTMLSelectElement).value as Phase;
    this.readAgain();
  };

  // ---- one pass

  #flame(view: View) {
    const { ops, ms, passes, rows, phase, selected } = view;
    const width = Math.max(200, this.#width.width);
    const total = ms.reduce((sum, each) => sum + each, 0);
    const at = this.pointed ?? selected;
    const tokens = phase === 'decode' ? 'one token each' : `${rows} tokens in all`;
    return html`
      <div
        tabindex="0"
        role="group"
        aria-label="Time of each op. Arrow keys point at one, Enter looks at it."
        @keydown=${(event: KeyboardEvent) => this.#keydown(event, at)}
        @pointerleave=${() => (this.pointed = null)}
        @blur=${() => (this.pointed = null)}
      >
        ${flameChart(
          flame(ops, ms, width),
          ops,
          width,
          { pointed: this.pointed, selected },
          {
            point: (op) => (this.pointed = op),
            look: (op) => this.#look(op),
          },
        )}
      </div>
      <p role="status" class="facts">
        ${ops[at]!.name}, ${layerWords(ops[at]!)}: ${shortTime(ms[at]!)} a
        pass${total > 0 ? `, ${percent(ms[at]! / total)} of it` : ''}. Mean of ${passes}
        ${passes === 1 ? 'pass' : 'passes'}, ${tokens}.
      </p>
      <p class="key soft">
        ${(['matmul', 'attention', 'quantise', 'other'] as const).map(
          (name) => html`<span><i class=${name}></i>${name}</span> `,
        )}
      </p>
    `;
  }

  #keydown(event: KeyboardEvent, at: number) {
    const last = this.run.ops.length - 1;
    const steps: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1, Home: -last, End: last };
    const step = event.shiftKey ? undefined : steps[event.key];
    if (step !== undefined) this.pointed = Math.max(0, Math.min(last, at + step));
    else if (event.key === 'Enter') this.#look(at);
    else return;
    event.preventDefault();
  }

  #look(op: number) {
    const { layer } = this.run.ops[op]!;
    this.run.select({ op, ...(layer >= 0 ? { layer } : {}) });
  }

  #kinds(view: View) {
    const { kinds, passes, machine } = view;
    const total = kinds.reduce((sum, { ms }) => sum + ms, 0);
    const roofs = machine && roofsOf(machine.runs.at(-1)!);
    return html`<div class="scroll" tabindex="0" role="region" aria-label="Time by kind of op">
      <table>
        <thead>
          <tr>
            <th scope="col">Op</th>
            <th scope="col">Share</th>
            <th scope="col">ms a pass</th>
            <th scope="col">GB/s</th>
            <th scope="col">GMAC/s</th>
            ${roofs ? html`<th scope="col">of roof</th>` : nothing}
          </tr>
        </thead>
        <tbody>
          ${kinds.map((group) => {
            const { name, ops, ms } = group;
            return html`<tr>
              <th scope="row" title="${ops} ops in the plan">${name}</th>
              <td class="share">
                <span
                  class=${family(name)}
                  style="width: calc((100% - 4.2rem) * ${ms / total})"
                ></span>
                ${share(ms / total)}
              </td>
              <td>${(ms / passes).toPrecision(3)}</td>
              <td>${perSecond(group.bytes, ms)}</td>
              <td>${perSecond(group.macs, ms)}</td>
              ${roofs ? html`<td>${roofShare(group, roofs)}</td>` : nothing}
            </tr>`;
          })}
        </tbody>
      </table>
    </div>`;
  }

  // ---- the machine

  #machine({ machine, names, inUse }: View) {
    const { measuring: doing, busy } = this.run;
    const measuring = doing?.what === 'machine' ? doing : null;
    const width = Math.min(640, Math.max(240, this.#width.width));
    const height = 260;
    const all = (['prefill', 'decode'] as const).flatMap((phase) =>
      names[phase].map((group): RoofPoint => ({ ...group, phase })),
    );
    return html`
      <h3>This machine</h3>
      <div class="row">
        <button
          ?disabled=${doing !== null && !measuring}
          @click=${() => (measuring ? this.run.pause() : void this.run.measureMachine())}
        >
          ${measuring ? 'Cancel' : machine ? 'Measure again' : 'Measure this machine'}
        </button>
        <span class="soft" role="status" aria-label="Measuring">
          ${
            measuring
              ? `${measuring.doing}, ${measuring.step} of ${measuring.steps}`
              : machine
                ? ''
                : 'Roofs and thread scaling: a minute or less, in sessions apart.'
          }
        </span>
      </div>
      ${
        machine
          ? html`
              <p class="soft">
                ${roofWords(machine.runs.at(-1)!)} Dots are the ops of your steps: one above the
                roof was timed while the machine was less busy, or is shorter than the clock’s step.
              </p>
              <p class="key soft">
                <span><i class="dot decode"></i>one token</span>
                <span><i class="dot prefill"></i>many tokens</span> · GMAC/s, upwards
              </p>
              ${roofChart(
                roofline(all, roofsOf(machine.runs.at(-1)!), ...boxOf(width, height)),
                width,
                height,
              )}
              <h3>Threads</h3>
              ${machine.runs.length > 1 ? threadChart(machine.runs, width) : nothing}
              <p class="soft">
                ${threadsLead(machine.runs)} ${machine.runs.map(threadWords).join(' ')}
              </p>
              <ni-numbers
                label="Threads in numbers"
                .table=${() => threadTable(machine.runs)}
              ></ni-numbers>
            `
          : nothing
      }
      <h3>Two kernel sets</h3>
      <ni-kernel-race
        .run=${this.run}
        .race=${this.run.race}
        .inUse=${inUse}
        .progress=${doing?.what === 'kernels' ? doing : null}
        ?busy=${busy}
      ></ni-kernel-race>
    `;
  }

  protected override table({ ops, names, machine, phase }: View): DataTable {
    const totals = this.run.times![phase];
    const known = (x: number, over: number) => (over > 0 ? x / over : '');
    const roofs = machine && roofsOf(machine.runs.at(-1)!);
    return {
      caption: `Ops in ${phaseWords[phase]}; ${names[phase].length} names`,
      corner: 'Op',
      columns: [
        { label: 'Layer' },
        { label: 'Passes' },
        { label: 'Time a pass', unit: 'ms' },
        { label: 'Read a pass', unit: 'bytes' },
        { label: 'Multiply-adds a pass' },
        { label: 'GB/s' },
        { label: 'GMAC/s' },
        ...(roofs ? [{ label: '% of roof' }] : []),
      ],
      rows: ops.map(({ name, layer }, op) => {
        const [ms, passes] = [totals.ms[op]!, totals.passes[op]!];
        const [bytes, macs] = [totals.bytes[op]!, totals.macs[op]!];
        return {
          head: `${op + 1} ${name}`,
          cells: [
            ...[layer < 0 ? '' : layer, passes, known(ms, passes), known(bytes, passes)],
            ...[known(macs, passes), known(bytes / 1e6, ms), known(macs / 1e6, ms)],
            ...(roofs
              ? [ms > 0 && macs > 0 ? (leastMs({ bytes, macs }, roofs) / ms) * 100 : '']
              : []),
          ],
        };
      }),
    };
  }

  static override styles = [LabPanel.styles, perfStyles];
}

function threadTable(runs: readonly BenchmarkRun[]): DataTable {
  return {
    caption: 'This machine by threads: medians',
    corner: 'Threads',
    columns: [
      { label: 'Prefill', unit: 'tokens/s' },
      { label: 'Decode', unit: 'tokens/s' },
      { label: 'First token', unit: 'ms' },
      { label: 'Weights read', unit: 'GB/s' },
      { label: 'Products', unit: 'GMAC/s' },
    ],
    rows: runs.map((run) => ({
      head: String(run.nThreads || 1),
      cells: [
        ...[run.prefillPerSecond.median, run.decodePerSecond.median, run.firstTokenMs.median],
        ...[run.readBytesPerSecond.median / 1e9, run.macsPerSecond.median / 1e9],
      ],
    })),
  };
}

const phaseWords = { decode: 'passes of one token', prefill: 'passes of many tokens' };

function boxOf(width: number, height: number): [number, number] {
  const box = roofBox(width, height);
  return [box.width, box.height];
}

function byName(ops: readonly OpInfo[], times: PassTimes, phase: Phase): Group[] {
  return groups(ops, times[phase], ({ name }) => name).filter(({ macs }) => macs > 0);
}

function groups(ops: readonly OpInfo[], totals: OpTotals, key: (op: OpInfo) => string): Group[] {
  const found = new Map<string, Group>();
  ops.forEach((info, op) => {
    const name = key(info);
    const none = { name, kind: info.kind, ops: 0, ms: 0, bytes: 0, macs: 0 };
    const group = found.get(name) ?? none;
    group.ops += 1;
    group.ms += totals.ms[op]!;
    group.bytes += totals.bytes[op]!;
    group.macs += totals.macs[op]!;
    found.set(name, group);
  });
  return [...found.values()].sort((a, b) => b.ms - a.ms);
}

/** Upper quartiles, as in the benchmark's own tables: no op is above what the machine can do. */
function roofsOf({ readBytesPerSecond, macsPerSecond }: BenchmarkRun): Roofs {
  return { bytesPerSecond: readBytesPerSecond.high, macsPerSecond: macsPerSecond.high };
}

function leastMs({ bytes, macs }: { bytes: number; macs: number }, roofs: Roofs): number {
  return Math.max(bytes / roofs.bytesPerSecond, macs / roofs.macsPerSecond) * 1000;
}

function roofShare(group: Group, roofs: Roofs): string {
  return group.macs > 0 && group.ms > 0 ? share(leastMs(group, roofs) / group.ms) : '';
}

function roofWords({ nThreads, readBytesPerSecond, macsPerSecond }: BenchmarkRun): string {
  return `With ${threads(nThreads)} memory gives ${size(readBytesPerSecond.high)}/s (the slope) and the kernels
    in cache ${rate(macsPerSecond.high / 1e9)} GMAC/s (the level): upper quartiles of what was measured.`;
}

function threadsLead({ length }: readonly BenchmarkRun[]): string {
  return length > 1
    ? 'Tokens a second by threads, as multiples of one thread’s; dashed: n threads, n times.'
    : 'This page has one thread.';
}

function threadWords({ nThreads, prefillPerSecond, decodePerSecond }: BenchmarkRun): string {
  return `${nThreads}: prefill ${rate(prefillPerSecond.median)}, decode ${rate(decodePerSecond.median)} tokens/s.`;
}

/** '5 µs', '0.1 ms'. */
function tickText(ms: number): string {
  return ms < 0.1 ? `${Number((ms * 1000).toPrecision(2))} µs` : `${Number(ms.toPrecision(2))} ms`;
}

function perSecond(amount: number, ms: number): string {
  if (amount === 0 || ms === 0) return '';
  const giga = amount / ms / 1e6;
  return giga < 10 ? giga.toFixed(2) : rate(giga);
}

/** '' where the clock has seen nothing. */
function share(part: number): string {
  return Number.isFinite(part) ? percent(part) : '';
}

customElements.define('ni-lab-perf', NiLabPerf);

declare global {
  interface HTMLElementTagNameMap {
    'ni-lab-perf': NiLabPerf;
  }
}
