import { defineConfig } from '@playwright/test';
import { chromiumOptions } from './scripts/setup/chromium.mjs';

const preview = 'node node_modules/vite/bin/vite.js preview --strictPort --port';

// Nothing in these depends on threads.
const sameOnBoth = [
  'cell',
  'control-tokens',
  'conversation',
  'lab-!(memory|perf)',
  'loading',
  'look',
  'markdown',
  'storage',
  'trouble',
  'turns',
];

// The built page, once with the isolation headers (threads) and once without (one thread).
export default defineConfig({
  testDir: 'tests/web',
  outputDir: 'test-results',
  timeout: 120_000,
  expect: { timeout: 30_000 },
  workers: 1,
  // A disturbed machine must not cost a whole run: what passes at the second try is told as flaky.
  retries: process.env['CI'] === 'true' ? 1 : 0,
  forbidOnly: process.env['CI'] === 'true',
  reporter: [['list'], ['json', { outputFile: 'test-results/results.json' }]],
  use: {
    launchOptions: chromiumOptions(),
    // A trace takes a fifth of a test's time, and CI keeps none.
    trace: process.env['CI'] === 'true' ? 'off' : 'retain-on-failure',
  },
  projects: [
    { name: 'isolated', use: { baseURL: 'http://localhost:4183' } },
    {
      name: 'plain',
      use: { baseURL: 'http://localhost:4184' },
      testIgnore: sameOnBoth.map((name) => `**/${name}.spec.ts`),
      grepInvert: /has no accessibility fault/, // the same on both, too
    },
  ],
  webServer: [
    { command: `${preview} 4183`, url: 'http://localhost:4183' },
    { command: `${preview} 4184`, url: 'http://localhost:4184', env: { NANOINFER_PLAIN: '1' } },
  ],
});
