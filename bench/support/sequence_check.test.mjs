import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SequenceCheck } from './sequence_check.mjs';

const cases = [
  { came: [1, 2, 3], lost: 0, doubled: 0, reordered: 0 },
  { came: [], lost: 3, doubled: 0, reordered: 0 },
  { came: [1, 3], lost: 1, doubled: 0, reordered: 0 },
  { came: [3], lost: 2, doubled: 0, reordered: 0 },
  { came: [1, 2], lost: 1, doubled: 0, reordered: 0 },
  { came: [1, 3, 2], lost: 0, doubled: 0, reordered: 1 },
  { came: [1, 1, 2, 3], lost: 0, doubled: 1, reordered: 0 },
  { came: [1, 2, 3, 1, 2, 3], lost: 0, doubled: 3, reordered: 0 },
  { came: [1, 3, 2, 2], lost: 0, doubled: 1, reordered: 1 },
];

for (const { came, ...expected } of cases) {
  test(`of 1, 2, 3 came ${came.join(', ') || 'nothing'}`, () => {
    const check = new SequenceCheck();

    for (const number of came) check.take(number);

    const { doubled, reordered } = check;
    assert.deepEqual({ lost: check.lost(3), doubled, reordered }, expected);
  });
}
