import { expect, it } from 'vitest';
import { loadRuntime } from '../../src/engine/model/runtime';
import { SimilarityRunner } from '../../src/engine/model/similarity';

it('computes a matrix once for strategies that follow one another, and keeps none but the last', async () => {
  const runner = new SimilarityRunner(await loadRuntime(1));
  const tokens = { data: Float32Array.of(2, 0, 1, 1), rows: 2, columns: 2 };
  const first = await runner.of(tokens);
  expect(first.matrix.data[1]).toBeCloseTo(Math.SQRT1_2);
  expect(await runner.of(tokens)).toBe(first);
  await runner.of({ data: Float32Array.of(1), rows: 1, columns: 1 });
  const again = await runner.of(tokens);
  expect(again).not.toBe(first);
  expect(again.matrix).toEqual(first.matrix);
  await runner.release();
});
