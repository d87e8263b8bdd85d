import js from '@eslint/js';
import lit from 'eslint-plugin-lit';
import { defineConfig, globalIgnores } from 'eslint/config';
import typescript from 'typescript-eslint';

// One TypeScript project each for the page, its worker, its service worker, and Node.
const projects = [
  'web/tsconfig.sw.json',
  'web/src/worker/tsconfig.json',
  'web/tsconfig.json',
  'tsconfig.json',
];
const node = { process: 'readonly', console: 'readonly', fetch: 'readonly', URL: 'readonly' };

export default defineConfig(
  globalIgnores(['build', 'dist', 'public', 'cmake', 'tests/fixtures', 'test-results']),
  js.configs.recommended,
  { languageOptions: { globals: node } },
  {
    files: ['**/*.ts'],
    extends: [typescript.configs.strictTypeChecked, lit.configs['flat/recommended']],
    languageOptions: { parserOptions: { project: projects } },
    rules: {
      // noUncheckedIndexedAccess asks for `!` where an index is known to be in range.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    },
  },
  {
    // What is shown was computed: views never draw random numbers, and text never becomes markup.
    files: ['web/src/**/*.ts'],
    rules: {
      'no-restricted-properties': ['error', { object: 'Math', property: 'random' }],
      'no-restricted-syntax': [
        'error',
        {
          selector:
            '[property.name=/^(innerHTML|outerHTML|insertAdjacentHTML|setHTMLUnsafe|createContextualFragment)$/]',
          message: 'Build nodes.',
        },
        { selector: '[imported.name=/^unsafe(HTML|SVG)$/]', message: 'Build nodes.' },
      ],
    },
  },
);
