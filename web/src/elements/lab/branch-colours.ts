import { css } from 'lit';

/** The layer's two branches and the stream itself, as bars: always named as well. */
export const branchColours = css`
  .attention {
    --colour: light-dark(#7fb2d9, #2d6c9c);
  }
  .mlp {
    --colour: light-dark(#eda86a, #9c5a1d);
  }
  .norm {
    --colour: light-dark(#c9c5b7, #4a554f);
  }
`;
