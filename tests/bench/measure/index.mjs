// The kinds of cells, and how each is measured: measure[kind](cell, lab) gives a result to save.
import { contexts } from './contexts.mjs';
import { firstToken } from './first-token.mjs';
import { dispatch } from './programs.mjs';
import { sizes } from './sizes.mjs';
import { speed } from './speed.mjs';
import { together } from './together.mjs';
import { watching } from './watching.mjs';

export const measure = {
  contexts,
  dispatch,
  'first token': firstToken,
  sizes,
  speed,
  together,
  watching,
};
