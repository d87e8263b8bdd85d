// `npm test`: installs what is missing and runs every check and test.
//   --only=native,web   runs some of the steps (see `steps` below)
import { readdirSync, readFileSync, rmSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { installPackages } from './setup/packages.mjs';
import { main, root, run, say, SetupError } from './setup/process.mjs';
import { installSystemPackages } from './setup/system.mjs';
import { withoutTrace } from './trace-size.mjs';

await main(async () => {
  const started = Date.now();
  await installPackages();
  await installSystemPackages('test');
  // These need what was just installed.
  const { buildNative, buildPage, buildPreset, buildWasm } = await import('./build.mjs');
  const { emscriptenEnvironment } = await import('./setup/emscripten.mjs');
  const { ensureModel } = await import('./setup/model.mjs');
  const { ensureQwenVocabulary } = await import('./setup/tokenizers.mjs');
  const { runInChromium } = await import('./chromium-gtest.mjs');

  process.env.NANOINFER_MODEL ??= await ensureModel();
  process.env.NANOINFER_QWEN_VOCABULARY ??= await ensureQwenVocabulary();
  const node = (...args) => run(process.execPath, args);
  const withTests = async (preset) =>
    buildPreset(preset, await emscriptenEnvironment(), ['engine_tests']);

  const steps = {
    check: () => node('scripts/check.mjs'),
    native: async () => ctest(await buildNative('native', ['engine_tests'])),
    tsan: async () => ctest(await buildNative('tsan', ['engine_tests'])),
    release: async () => {
      await buildNative('release');
      return nodeTests('tests/cli');
    },
    wasm: () => buildWasm(),
    'wasm-simd': async () => ctest(await withTests('wasm-simd-threads')),
    'wasm-relaxed': async () => inChromium(runInChromium, await withTests('wasm-relaxed-threads')),
    'wasm-files': async () => {
      const { preset, target } = withoutTrace;
      await buildPreset(preset, await emscriptenEnvironment(), ['nanoinfer_wasm', target]);
      await node('scripts/check-wasm.mjs');
    },
    scripts: () => nodeTests('tests/scripts'),
    web: async () => {
      await buildPage();
      return playwright(node);
    },
  };

  const only = process.argv.find((arg) => arg.startsWith('--only='))?.slice('--only='.length);
  const names = only ? only.split(',') : Object.keys(steps);
  const unknown = names.filter((name) => !steps[name]);
  if (unknown.length > 0) throw new SetupError(`there is no step ${unknown.join(', ')}`);

  const rows = [];
  for (const name of names) {
    say(`test step: ${name}`);
    const begun = Date.now();
    const counts = await outcome(steps[name]);
    rows.push({ name, seconds: (Date.now() - begun) / 1000, ...counts });
  }
  summarise(rows, (Date.now() - started) / 1000);
});

// A step gives { passed, failed }, or nothing: then it counts as one test.
async function outcome(step) {
  try {
    return (await step()) ?? { passed: 1, failed: 0 };
  } catch (error) {
    console.error(error instanceof SetupError ? error.message : error.stack);
    const { passed = 0, failed = 1 } = error.counts ?? {};
    return { passed, failed: Math.max(failed, 1) };
  }
}

function summarise(rows, seconds) {
  console.log('');
  let passed = 0;
  let failed = 0;
  for (const row of rows) {
    passed += row.passed;
    failed += row.failed;
    const state = row.failed > 0 ? 'FAILED' : 'ok';
    console.log(
      `${row.name.padEnd(14)} ${state.padEnd(7)} ${String(row.passed).padStart(5)} passed ` +
        `${String(row.failed).padStart(4)} failed ${row.seconds.toFixed(0).padStart(6)} s` +
        (row.flaky > 0 ? `, ${row.flaky} at the second try only: see "flaky" above` : ''),
    );
  }
  console.log(`${seconds.toFixed(0)} s in all`);
  console.log(`${passed} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
}

// Runs a build folder's tests; counts come from GoogleTest's own reports.
async function ctest(folder) {
  const reports = () => readdirSync(folder).filter((name) => /^results_.*\.xml$/.test(name));
  for (const report of reports()) rmSync(join(folder, report));
  const ending = await run('ctest', ['--test-dir', folder, '--output-on-failure', '-j2']).catch(
    (error) => error,
  );
  const counts = { passed: 0, failed: 0 };
  for (const report of reports()) add(counts, readFileSync(join(folder, report), 'utf8'));
  return verdict(counts, ending);
}

// A skipped test counts as failed: what a test needs is installed before it runs.
function add(counts, xml) {
  const total = (attribute) =>
    Number(new RegExp(`<testsuites[^>]* ${attribute}="(\\d+)"`).exec(xml)?.[1] ?? 0);
  const skipped = [...xml.matchAll(/result="skipped"/g)].length;
  const failed = total('failures') + total('errors') + skipped;
  counts.passed += total('tests') - failed;
  counts.failed += failed;
}

function verdict(counts, ending) {
  if (ending instanceof Error) throw Object.assign(ending, { counts });
  if (counts.passed + counts.failed === 0) throw new SetupError('no test has run');
  if (counts.failed > 0)
    throw Object.assign(new SetupError('tests failed or were skipped'), { counts });
  return counts;
}

async function inChromium(runInChromium, folder) {
  const counts = { passed: 0, failed: 0 };
  const code = await runInChromium(join(folder, 'engine_tests.mjs'), [], (line) => {
    if (/^\[ +OK \]/.test(line)) counts.passed += 1;
    else if (/^\[ +(FAILED|SKIPPED) +\] \S+ \(\d+ ms\)/.test(line)) counts.failed += 1;
    if (!/^\[( RUN| +OK |-+)/.test(line) && line.trim()) console.log(line);
  });
  return verdict(counts, code === 0 ? null : new SetupError(`engine_tests ended with ${code}`));
}

async function nodeTests(folder) {
  const files = existsSync(join(root, folder)) ? readdirSync(join(root, folder)) : [];
  const tests = files
    .filter((name) => name.endsWith('.test.mjs'))
    .map((name) => join(folder, name));
  if (tests.length > 0) await run(process.execPath, ['--test', ...tests]);
}

async function playwright(node) {
  const report = join(root, 'test-results/results.json');
  rmSync(report, { force: true });
  const ending = await node('node_modules/@playwright/test/cli.js', 'test').catch((error) => error);
  if (!existsSync(report)) throw ending ?? new SetupError('Playwright left no report');
  const { stats } = JSON.parse(readFileSync(report, 'utf8'));
  const { expected, unexpected, flaky } = stats;
  return verdict({ passed: expected + flaky, failed: unexpected, flaky }, ending);
}
