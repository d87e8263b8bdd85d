// The Chromium that tests use: Playwright's own if it is installed, else the system's.
import { existsSync } from 'node:fs';
import { chromium } from '@playwright/test';

const systemPaths = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Launch options for Playwright. */
export function chromiumOptions() {
  const executablePath = [chromium.executablePath(), ...systemPaths].find((path) =>
    existsSync(path),
  );
  if (!executablePath) {
    throw new Error(
      'Chromium is missing: npx playwright install chromium, or apt-get install chromium',
    );
  }
  return {
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-quic',
    ],
  };
}
