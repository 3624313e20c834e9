// Checks a Dockerfile: its syntax, by dockerfile-utils, and what we ask of every image of ours.
//
// Usage: node tools/lint_dockerfile.mjs FILE...

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(new URL('../build/tools/package.json', import.meta.url));
const { validate } = require('dockerfile-utils');
const { DockerfileParser } = require('dockerfile-ast');

// Each rule returns the lines it objects to. `stages` are the instructions from one FROM to the next.
const rules = [
  {
    objection: 'name the version of a base image, and not "latest"',
    find: ({ stages, names }) =>
      stages
        .map(([from]) => from)
        .filter((from) => !names.has(from.getImage()) && !/:(?!latest$)[\w.-]+$|@sha256:/.test(from.getImage())),
  },
  {
    objection: 'apt-get install needs -y and --no-install-recommends, and the lists removed in the same layer',
    find: ({ all }) =>
      all.filter((instruction) => {
        const text = instruction.getArgumentsContent() ?? '';
        const isInstall = instruction.getKeyword() === 'RUN' && /apt-get (?:-\S+ )*install/.test(text);
        return (
          isInstall &&
          !(/ -y/.test(text) && /--no-install-recommends/.test(text) && /rm -rf \/var\/lib\/apt\/lists/.test(text))
        );
      }),
  },
  {
    objection: 'the last stage must run as a user other than root',
    find: ({ last }) => {
      const user = last.filter((instruction) => instruction.getKeyword() === 'USER').at(-1);
      return user && !/^(root|0)(:|$)/.test(user.getArgumentsContent()) ? [] : [user ?? last[0]];
    },
  },
  {
    objection: 'write it as a JSON array, so that signals and exit codes meet the program and not a shell',
    find: ({ last }) =>
      last.filter((instruction) => {
        const text = instruction.getArgumentsContent() ?? '';
        switch (instruction.getKeyword()) {
          case 'CMD':
          case 'ENTRYPOINT':
            return !text.startsWith('[');
          case 'HEALTHCHECK':
            return !/CMD\s+\[/.test(text);
          default:
            return false;
        }
      }),
  },
];

function problemsOf(text) {
  const all = DockerfileParser.parse(text).getInstructions();
  const stages = [];
  for (const instruction of all) {
    if (instruction.getKeyword() === 'FROM') stages.push([]);
    stages.at(-1)?.push(instruction);
  }
  if (stages.length === 0) return [{ line: 1, message: 'no FROM' }];

  const names = new Set(stages.map(([from]) => from.getBuildStage()).filter(Boolean));
  const context = { all, stages, names, last: stages.at(-1) };
  return [
    ...validate(text).map(({ range, message }) => ({ line: range.start.line + 1, message })),
    ...rules.flatMap(({ objection, find }) =>
      find(context).map((instruction) => ({
        line: instruction.getRange().start.line + 1,
        message: objection,
      })),
    ),
  ];
}

const files = process.argv.slice(2);
for (const file of files) {
  for (const { line, message } of problemsOf(readFileSync(file, 'utf8'))) {
    console.log(`${file}:${line}: ${message}`);
    process.exitCode = 1;
  }
}
if (!process.exitCode) console.log(`dockerfile: ${files.join(', ')} as it should be`);
