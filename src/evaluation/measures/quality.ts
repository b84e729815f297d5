import { choiceMeasures, openAnswerMeasures } from './answers';
import { captionMeasures } from './captions';
import { eventMeasures, type TokenGrid } from './events';
import type { DoneRow, Measure } from './measure';
import { transcriptMeasures } from './transcripts';

/** Every measure of quality; those of kinds of items that there are none of say nothing about any row. */
export function qualityMeasures(rows: readonly DoneRow[], gridOf: (row: DoneRow) => TokenGrid): readonly Measure[] {
  return [
    ...captionMeasures(rows),
    ...transcriptMeasures(),
    ...choiceMeasures(),
    ...openAnswerMeasures(),
    ...eventMeasures(gridOf),
  ];
}
