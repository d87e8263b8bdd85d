// C++ in pieces to be coloured. Loads a grammar, so import it where source is shown and not before.
import cpp from 'highlight.js/lib/languages/cpp';
import { createLowlight } from 'lowlight';

export interface CppToken {
  text: string;
  /** highlight.js's name of its innermost scope: 'keyword', 'comment', 'number' ...; '': plain. */
  scope: string;
}

type Node = ReturnType<typeof lowlight.highlight>['children'][number];
const lowlight = createLowlight({ cpp });

export function cppTokens(text: string): CppToken[] {
  const tokens: CppToken[] = [];
  const visit = (node: Node, scope: string) => {
    if (node.type === 'text') tokens.push({ text: node.value, scope });
    if (node.type !== 'element') return;
    const [own] = node.properties['className'] ?? [];
    for (const child of node.children) visit(child, own?.replace('hljs-', '') ?? scope);
  };
  for (const node of lowlight.highlight('cpp', text).children) visit(node, '');
  return tokens;
}
