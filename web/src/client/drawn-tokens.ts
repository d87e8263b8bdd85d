// Which tokens of a run its settings have drawn. Others were taken by hand, or drawn before a change.
import type { Edit, SamplingParams, TokenPiece } from '../protocol.ts';
import { editsOf } from './interventions.ts';
import type { LabState } from './lab-state.ts';

/** What a draw depends on besides the text. */
interface Settings {
  sampling: SamplingParams;
  edits: readonly Edit[];
  code: string;
}

export class DrawnTokens {
  readonly #by = new WeakMap<TokenPiece, Settings>();

  /** This token has just been drawn. */
  add(token: TokenPiece, run: LabState): void {
    this.#by.set(token, settingsOf(run));
  }

  /** Tokens behind the prompt up to the last one that the settings of now have not drawn. */
  given(run: LabState): number {
    const now = settingsOf(run);
    const last = run.tokens.findLastIndex((token, at) => {
      const by = this.#by.get(token);
      return at >= run.nPrompt && !(by && isSame(by, now));
    });
    return Math.max(0, last + 1 - run.nPrompt);
  }
}

function settingsOf({ sampling, interventions, hooks }: LabState): Settings {
  return { sampling, edits: editsOf(interventions), code: hooks?.code.source ?? '' };
}

function isSame(a: Settings, b: Settings): boolean {
  return (
    a.code === b.code &&
    a.edits.length === b.edits.length &&
    a.edits.every((edit, i) => edit === b.edits[i]) &&
    JSON.stringify(a.sampling) === JSON.stringify(b.sampling)
  );
}
