// Prepares what every board begins with, once for a run of tests: the database of one that has just been started for the
// first time. Says the folder: WRIT_PREPARED for harness.mjs.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { startBoard } from './harness.mjs';

const folder = process.argv[2];
delete process.env.WRIT_PREPARED;
const board = await startBoard();
await board.stop('SIGTERM', { keep: true });
mkdirSync(folder, { recursive: true });
execFileSync('cp', ['-a', '--sparse=always', `${board.state}/db`, `${board.state}/secrets`, folder]);
rmSync(board.state, { recursive: true });
