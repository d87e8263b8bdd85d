// A model's Markdown becomes elements, never markup, and costs little while it grows.
import { expect, test, type Page } from '@playwright/test';
import { answered, answers, ask, open } from './page.ts';

/** Shows a text as the newest answer, whole or as one that still grows. */
async function show(page: Page, content: string, streaming = false): Promise<void> {
  await page.evaluate(
    async ([text, grows]) => {
      interface TurnElement extends HTMLElement {
        turn: { content: string };
        streaming: boolean;
        updateComplete: Promise<boolean>;
      }
      const app = document.querySelector('ni-app')!;
      const turn = [...app.shadowRoot!.querySelectorAll('ni-turn')].at(
        -1,
      ) as unknown as TurnElement;
      turn.turn = { ...turn.turn, content: text };
      turn.streaming = grows;
      await turn.updateComplete;
    },
    [content, streaming] as const,
  );
}

test.beforeEach(async ({ page }) => {
  await open(page, 'model=tiny&temperature=0');
  await ask(page, 'Hello');
  await answered(page);
});

test('shows lists, tasks, tables, code and quotes', async ({ page }) => {
  await show(
    page,
    '1. one\n2. two\n   - inner\n\n- [x] done\n- [ ] open\n\n' +
      '| a | b |\n|---|---|\n| 1 | **2** |\n\n```js\nlet x = "<b>";\n```\n\n> quoted\n\nEnd & `<i>`',
  );
  const answer = answers(page);
  await expect(answer.locator('ol > li')).toHaveCount(2);
  await expect(answer.locator('ol ul > li')).toHaveText(['inner']);
  const tasks = await answer.locator('ul:not(ol ul) > li').allInnerTexts();
  expect(tasks.map((text) => text.trim())).toEqual(['☑ done', '☐ open']);
  await expect(answer.getByRole('columnheader')).toHaveText(['a', 'b']);
  await expect(answer.locator('td strong')).toHaveText('2');
  await expect(answer.getByRole('region', { name: 'Code, js' })).toHaveText('let x = "<b>";');
  await expect(answer.locator('blockquote')).toHaveText('quoted');
  await expect(answer.locator('p > code')).toHaveText('<i>');
});

test('makes links of web addresses only', async ({ page }) => {
  await show(
    page,
    '[a](https://a.example/) ![b](https://b.example/b.png) [c](data:text/html,x) ' +
      '![d](data:image/svg+xml,x) [e](javascript:x) [f](//f.example/) [g](file:///g)\n\n' +
      '[later][l]\n\n[l]: https://l.example/',
  );
  const links = await answers(page)
    .getByRole('link')
    .evaluateAll((nodes) => nodes.map((node) => (node as HTMLAnchorElement).href));
  expect(links).toEqual(['https://a.example/', 'https://b.example/b.png', 'https://l.example/']);
  await expect(answers(page).locator('img, iframe, object, embed')).toHaveCount(0);
});

test('an answer that grows ends as the same elements, and a long one stays quick', async ({
  page,
}) => {
  const section = (n: number) =>
    `## Part ${n}\n\nSome *words* with \`code\` and [a link](https://a.example/${n}).\n\n` +
    `- one\n- two\n\n\`\`\`\nx = ${n}\n\`\`\`\n\n`;
  const text = Array.from({ length: 120 }, (_, n) => section(n)).join('');
  expect(text.length).toBeGreaterThan(12_000);
  const html = () => answers(page).evaluate((node) => node.innerHTML.replaceAll(/<!--.*?-->/g, ''));
  await show(page, text);
  const whole = await html();
  const times = await page.evaluate(async (all) => {
    interface TurnElement extends HTMLElement {
      turn: { content: string };
      streaming: boolean;
      updateComplete: Promise<boolean>;
    }
    const app = document.querySelector('ni-app')!;
    const turn = [...app.shadowRoot!.querySelectorAll('ni-turn')].at(-1) as unknown as TurnElement;
    const ms: number[] = [];
    for (let n = 0; n < all.length + 50; n += 50) {
      const begun = performance.now();
      turn.streaming = true;
      turn.turn = { ...turn.turn, content: all.slice(0, n) };
      await turn.updateComplete;
      ms.push(performance.now() - begun);
    }
    return ms;
  }, text);
  expect(await html()).toBe(whole);
  const late = times.slice(-times.length / 4).sort((a, b) => a - b);
  expect(late[late.length >> 2], 'milliseconds for one more piece').toBeLessThan(30);
});
