// The texts that a run has been taken to: where one forks off another, both can be gone back to.
import type { TokenPiece } from '../protocol.ts';

type Tokens = readonly TokenPiece[];

export interface Branch {
  tokens: Tokens;
  /** Of them, the prompt's. */
  nPrompt: number;
  /** The branch that it forked off, in the list; null: the first one. */
  from: number | null;
}

/** The tokens that two texts begin with in common. */
export function commonLength(a: Tokens, b: Tokens): number {
  const differs = a.findIndex(({ id }, at) => id !== b[at]?.id);
  return differs < 0 ? a.length : differs;
}

/** A run has one of these texts; what it holds of that one is the run's to say. */
export class Branches {
  list: readonly Branch[] = [];
  current = 0;

  /** One text, and no other. */
  reset(tokens: Tokens, nPrompt: number): void {
    this.list = [{ tokens, nPrompt, from: null }];
    this.current = 0;
  }

  /** `left`: what the run holds now. Becomes the branch that begins with `tokens`, if need be a new one. */
  fork(left: Tokens, tokens: Tokens, nPrompt: number): void {
    this.#keep(left);
    const begins = (branch: Branch) => commonLength(tokens, branch.tokens) === tokens.length;
    const found = this.list.findIndex(begins);
    if (found >= 0) {
      this.current = found;
    } else if (commonLength(left, tokens) === left.length) {
      this.#keep(tokens);
    } else {
      this.list = [...this.list, { tokens, nPrompt, from: this.current }];
      this.current = this.list.length - 1;
    }
  }

  /** Becomes another branch. */
  goTo(left: Tokens, branch: number): void {
    this.#keep(left);
    this.current = branch;
  }

  /** The text of the branch at hand, as it was when it was left. */
  get tokens(): Tokens {
    return this.list[this.current]!.tokens;
  }

  get nPrompt(): number {
    return this.list[this.current]!.nPrompt;
  }

  #keep(tokens: Tokens): void {
    this.list = this.list.map((one, at) => (at === this.current ? { ...one, tokens } : one));
  }
}
