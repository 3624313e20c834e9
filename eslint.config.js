import js from '@eslint/js';
import globals from 'globals';

const browserFiles = ['web/try/**/*.js', 'packages/*/src/**/*.js'];

export default [
  { ignores: ['build/', '**/node_modules/', '**/dist/'] },
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2023, sourceType: 'module' },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      curly: ['error', 'multi-line'],
      eqeqeq: 'error',
      'no-implicit-globals': 'error',
      'no-throw-literal': 'error',
      'no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'no-use-before-define': ['error', { functions: false, classes: false, variables: false }],
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      'prefer-promise-reject-errors': 'error',
    },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    ignores: browserFiles,
    languageOptions: { globals: globals.node },
  },
  {
    files: browserFiles,
    languageOptions: { globals: globals.browser },
  },
  {
    // Functions in here are given to the browser by page.evaluate().
    files: ['web/test/**/*.mjs'],
    languageOptions: { globals: { ...globals.node, ...globals.browser } },
  },
];
