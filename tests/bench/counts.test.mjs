// The part of the bench that does not depend on the machine, or on who else
// uses it: files, instructions and memory are counted, and a change that makes Writ
// do more work fails here, long before anybody feels it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startBoard } from '../system/harness.mjs';
import { filesPerWrite, fill, INSTRUCTIONS_PER_TODO, instructionsPerTodo, newFolder, renderInto, run } from './measure.mjs';

const SMALL = 100, LARGE = 10_000;
const sanitized = process.env.SAN && 'sanitizers change what is counted';
const installed = async (program) => run(program, ['--version']).then(() => false, () => `${program} is not installed`);

let small, large;
before(async () => {
  small = await startBoard();
  large = await startBoard();
  await fill(small, SMALL);
  await fill(large, LARGE);
});
after(async () => {
  await small?.stop();
  await large?.stop();
});

test('one write costs the same files on a small and on a large board', async () => {
  const [few, many] = [await filesPerWrite(small), await filesPerWrite(large)];
  assert.deepEqual(many, few, `with ${LARGE} todos as with ${SMALL}`);
  assert.ok(few.answered > 0 && few.answered <= 16, `${few.answered} files before the answer`);
  assert.ok(few.settled <= 40, `${few.settled} files until settled`);
});

test('a full build has bounded memory', { skip: sanitized || (await installed('/usr/bin/time')) }, async () => {
  const { mebibytes } = await renderInto(large, `${newFolder()}/tree`);
  assert.ok(mebibytes > 1 && mebibytes <= 64, `${mebibytes} MiB with ${LARGE} todos`);
});

test('rendering a todo takes no more instructions', { skip: sanitized || (await installed('valgrind')) }, async () => {
  const each = await instructionsPerTodo(small, SMALL, 400);
  assert.ok(each > 1000 && each <= INSTRUCTIONS_PER_TODO, `${Math.round(each)} instructions, of at most ${INSTRUCTIONS_PER_TODO}`);
});
