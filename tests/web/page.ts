// What the tests of the page share: loading a model, asking, and the parts of the page by role.
import { expect, type Page } from '@playwright/test';
import type { NiLab } from '../../web/src/elements/lab/ni-lab.ts';
import type { NiApp } from '../../web/src/elements/ni-app.ts';

export const question = 'What is the capital of France?';

/** Opens the page with a model and waits until it can be asked. */
export async function open(page: Page, query: string): Promise<void> {
  await page.goto(`/?${query}`);
  await ready(page);
}

export async function ready(page: Page): Promise<void> {
  await page.evaluate(() => window.nanoinfer.ready);
}

/** Loads this model file in the place of the one that is there. */
export async function loadFile(page: Page, bytes: Buffer, name = 'model.gguf'): Promise<void> {
  await page.evaluate(
    async ([data, name]) => {
      const content = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
      await window.nanoinfer.load({ kind: 'file', file: new File([content], name) });
    },
    [bytes.toString('base64'), name] as const,
  );
}

/** Chooses the model at this address in the page or the lab, as by its picker; the load goes on. */
export async function chooseModel(page: Page, url: string, { ask = false } = {}): Promise<void> {
  await page.evaluate(
    ([address, asks]) => {
      const host = document.querySelector<NiApp | NiLab>('ni-app, ni-lab')!;
      const source = { kind: 'url', url: address } as const;
      void host.desk.load({ source, label: 'chosen', keep: false, ask: asks });
    },
    [url, ask] as const,
  );
}

/** From now on answers end when they are stopped, or the context is full. */
export async function answerEndlessly(page: Page): Promise<void> {
  await page.evaluate(() => {
    const { nanoinfer } = window;
    const chat = nanoinfer.chat.bind(nanoinfer);
    nanoinfer.chat = (messages, options) => {
      const sampling = { temperature: 0, logit_bias: {} as Record<string, number> };
      for (const id of nanoinfer.model!.info.tokenizer.eot_ids) sampling.logit_bias[id] = -100;
      return chat(messages, { ...options, sampling, maxTokens: 100_000 });
    };
  });
}

/** A benchmark that has its result keeps it to itself until it is stopped. */
export async function holdBenchmark(page: Page): Promise<void> {
  await page.evaluate(() => {
    const { nanoinfer } = window;
    const benchmark = nanoinfer.benchmark.bind(nanoinfer);
    nanoinfer.benchmark = async (options) => {
      const stopped = new Promise((resolve) => options?.signal?.addEventListener('abort', resolve));
      const [outcome] = await Promise.allSettled([benchmark(options), stopped]);
      if (outcome.status === 'rejected') throw outcome.reason;
      throw Object.assign(new Error('Cancelled.'), { code: 'aborted' });
    };
  });
}

export async function ask(page: Page, text: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Message', exact: true }).fill(text);
  await page.getByRole('button', { name: 'Send', exact: true }).click();
}

export const answers = (page: Page) => page.getByRole('article', { name: 'Answer' });

/** Waits until the newest answer has come to its end, and the page shows it. */
export async function answered(page: Page, n = 1): Promise<void> {
  await page.evaluate(async () => {
    const app = document.querySelector<NiApp>('ni-app')!;
    do await new Promise(requestAnimationFrame);
    while (app.chat.running);
    await app.updateComplete;
  });
  await expect(answers(page)).toHaveCount(n);
  await expect(answers(page).last()).toHaveAttribute('aria-busy', 'false', { timeout: 90_000 });
}

/** Ids of a greedy answer through the page's own client. */
export function greedyIds(page: Page, text: string, maxTokens: number): Promise<number[]> {
  return page.evaluate(
    async ([content, max]) => {
      const sampling = { temperature: 0, repetition_penalty: 1 };
      const options = { sampling, maxTokens: max };
      const answer = window.nanoinfer.chat([{ role: 'user', content }], options);
      return (await answer.result).ids;
    },
    [text, maxTokens] as const,
  );
}
