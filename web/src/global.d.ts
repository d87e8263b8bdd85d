import type { Client } from './client/client.ts';

declare global {
  interface Window {
    /** The page's own client: web/README.md shows how to use it from a script or from Playwright. */
    nanoinfer: Client;
  }
}
