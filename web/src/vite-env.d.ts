/// <reference types="vite/client" />

/** Which functions of the engine run for each op, as scripts/source-map finds them. */
interface EngineSourceMap {
  /** The last one that changed the engine; '' where the build knew of no git. */
  commit: string;
  /** The text differs from it. */
  changed: boolean;
  /** The kernel sets, the definition first. */
  sets: string[];
  /** Rows from which on a matmul takes the form 'prefill'. */
  panelRows: number;
  /** Output rows of a full tile. */
  tileRows: number;
  /** Functions and structs; lines are counted from 1. */
  definitions: { file: string; name: string; first: number; last: number }[];
  /**
   * By 'kind form type': 'matmul decode Q4_0', 'add prefill '. Lists of indices into `definitions`,
   * callers first: what is the same for all kernel sets, and by kernel and set.
   */
  ops: Record<string, { own: number[]; kernels: Record<string, Record<string, number[]>> }>;
  /** The text of every file that a definition is in. */
  files: Record<string, string>;
}

declare module 'virtual:engine-source' {
  const map: EngineSourceMap;
  export default map;
}
