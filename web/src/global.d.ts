import type { Client } from './client/client.ts';
import type { LabRun } from './client/lab-run.ts';

declare global {
  /** The folder of the wasm files, named after their content. */
  const __ENGINE_FOLDER__: string;

  interface Window {
    /** The page's own client: web/README.md shows how to use it from a script or from Playwright. */
    nanoinfer: Client;
    /** The lab page's run. */
    lab: LabRun;
  }
}
