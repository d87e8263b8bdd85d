// Model text as Lit templates: marked's lexer finds the structure, every word becomes a text node.
// Nothing here sets HTML; HTML in the text is shown as text, an image is a plain link.
import { html, nothing, type TemplateResult } from 'lit';
import { guard } from 'lit/directives/guard.js';
import { lexer, type MarkedToken, type Token, type Tokens } from 'marked';

const maxDepth = 32;
const maxLength = 100_000;
// Runs and nestings that no answer needs and on which a lexer may take quadratic time.
const hostile = /([*_~>[\]()`!<\\#&])\1{99}|(?:> ?){33}|(?:[-*+] ){33}/;

// A lexer's time grows with the square of these in one paragraph.
const maxMarks = 400;

function isHostile(text: string): boolean {
  if (hostile.test(text)) return true;
  return text.split(/\n\s*\n/).some((paragraph) => {
    return paragraph.length > 2000 && (paragraph.match(/[*_~`[\]<!]/g)?.length ?? 0) > maxMarks;
  });
}

type Part = TemplateResult | string | typeof nothing;

/**
 * Renders a text that grows. Only its end is lexed again: a block is done once another block follows
 * it. When the text is complete all of it is lexed once, for links whose address comes later.
 */
export class MarkdownRenderer {
  #done: Token[] = [];
  #doneText = '';

  /** The whole text; plain where it cannot sensibly be Markdown. */
  render(text: string, growing: boolean): unknown {
    if (!growing || !text.startsWith(this.#doneText)) {
      this.#done = [];
      this.#doneText = '';
    }
    const rest = text.slice(this.#doneText.length);
    if (text.length > maxLength || isHostile(rest)) return html`<p class="plain">${text}</p>`;
    try {
      const tokens = lexer(rest);
      const all = [...this.#done, ...tokens];
      if (growing) this.#keep(tokens);
      // A token that is the same object gives the same nodes.
      return all.map((token) => guard([token], () => block(token as MarkedToken, 1)));
    } catch {
      return html`<p class="plain">${text}</p>`;
    }
  }

  /** All but the last block, and the space around it, will not change. */
  #keep(tokens: Token[]): void {
    const last = tokens.findLastIndex(({ type }) => type !== 'space');
    for (const token of tokens.slice(0, Math.max(0, last))) {
      this.#done.push(token);
      this.#doneText += token.raw;
    }
  }
}

function blocks(tokens: Token[], depth: number): Part[] {
  if (depth > maxDepth) return tokens.map(({ raw }) => raw);
  return tokens.map((token) => block(token as MarkedToken, depth + 1));
}

function block(token: MarkedToken, depth: number): Part {
  switch (token.type) {
    case 'space':
    case 'def':
      return nothing;
    case 'paragraph':
      return html`<p>${inlines(token.tokens, depth)}</p>`;
    case 'heading':
      return heading(token.depth, inlines(token.tokens, depth));
    case 'code':
      return codeBlock(token);
    case 'blockquote':
      return html`<blockquote>${blocks(token.tokens, depth)}</blockquote>`;
    case 'list':
      return list(token, depth);
    case 'checkbox':
      return checkbox(token);
    case 'hr':
      return html`<hr />`;
    case 'table':
      return table(token, depth);
    case 'text':
      return html`${token.tokens ? inlines(token.tokens, depth) : unescape(token.text)}`;
    default:
      return html`<p class="plain">${token.raw}</p>`;
  }
}

// The page's own heading is h1; the text's headings come below it.
function heading(level: number, content: Part[]): Part {
  if (level === 1) return html`<h3>${content}</h3>`;
  return level === 2 ? html`<h4>${content}</h4>` : html`<h5>${content}</h5>`;
}

function codeBlock({ text, lang }: Tokens.Code): Part {
  const label = lang ? `Code, ${lang}` : 'Code';
  return html`<pre tabindex="0" role="region" aria-label=${label}><code>${text}</code></pre>`;
}

function list(token: Tokens.List, depth: number): Part {
  const items = token.items.map((item) => html`<li>${blocks(item.tokens, depth)}</li>`);
  if (!token.ordered)
    return html`<ul>
      ${items}
    </ul>`;
  return html`<ol start=${token.start === '' ? 1 : token.start}>
    ${items}
  </ol>`;
}

function checkbox({ checked }: Tokens.Checkbox): Part {
  return checked ? '☑ ' : '☐ ';
}

function table(token: Tokens.Table, depth: number): Part {
  const cells = (row: Tokens.TableCell[]) =>
    row.map(({ tokens, header }) =>
      header
        ? html`<th scope="col">${inlines(tokens, depth)}</th>`
        : html`<td>${inlines(tokens, depth)}</td>`,
    );
  return html`<div class="table" tabindex="0" role="region" aria-label="Table">
    <table>
      <thead>
        <tr>
          ${cells(token.header)}
        </tr>
      </thead>
      <tbody>
        ${token.rows.map(
          (row) =>
            html`<tr>
              ${cells(row)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function inlines(tokens: Token[], depth: number): Part[] {
  if (depth > maxDepth) return tokens.map(({ raw }) => raw);
  return tokens.map((token) => inline(token as MarkedToken, depth + 1));
}

function inline(token: MarkedToken, depth: number): Part {
  switch (token.type) {
    case 'text':
      return token.tokens ? html`${inlines(token.tokens, depth)}` : unescape(token.text);
    case 'escape':
      return unescape(token.text);
    case 'strong':
      return html`<strong>${inlines(token.tokens, depth)}</strong>`;
    case 'em':
      return html`<em>${inlines(token.tokens, depth)}</em>`;
    case 'del':
      return html`<del>${inlines(token.tokens, depth)}</del>`;
    case 'codespan':
      return html`<code>${token.text}</code>`;
    case 'checkbox':
      return checkbox(token);
    case 'br':
      return html`<br />`;
    case 'link':
      return link(token.href, inlines(token.tokens, depth), token.raw);
    case 'image':
      return link(token.href, [token.text || token.href], token.raw);
    default:
      return token.raw;
  }
}

/** Only http and https lead anywhere; everything else stays the text it was. */
function link(href: string, content: Part[], raw: string): Part {
  let url: URL;
  try {
    url = new URL(unescape(href));
  } catch {
    return raw;
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return raw;
  return html`<a href=${url.href} target="_blank" rel="noopener noreferrer">${content}</a>`;
}

/** marked's lexer escapes nothing since version 5, but HTML entities in the source stay written. */
function unescape(text: string): string {
  const named: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => named[name] ?? '');
}
