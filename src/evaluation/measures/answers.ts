import { withoutLetters } from '../../metrics/choice-letter';
import { officialMatch, oneChoiceNamed, type ChoiceAnswer } from '../../metrics/mmau';
import { givesMajority, shareInAgreement } from '../../metrics/open-answer';
import type { MetricInfo } from '../../protocol/evaluation-summary';
import { meanMeasure, type DoneRow, type Measure } from './measure';

const quality = { kind: 'quality', better: 'higher' } as const;

const official: MetricInfo = {
  name: 'mmau',
  label: 'MMAU accuracy',
  ...quality,
  description:
    "Share of questions answered by MMAU's official string match: all words of the answer, none of a wrong choice; a letter counts as its choice.",
};

const strict: MetricInfo = {
  name: 'mmau-one-choice',
  label: 'Accuracy, one choice named',
  ...quality,
  description:
    'Share of questions where exactly one choice is named, and it is the answer; a letter counts as its choice.',
};

const agreement: MetricInfo = {
  name: 'answer-accuracy',
  label: 'Agreement with annotators',
  ...quality,
  description: 'Share of the people asked whose answer the model gives, mean over questions.',
};

const majority: MetricInfo = {
  name: 'answer-majority',
  label: 'Accuracy, majority answer',
  ...quality,
  description: 'Share of questions, of those that most people answered alike, where the model gives that answer.',
};

/** Questions with choices, by MMAU's rule (Sakshi et al., 2024) and by a stricter one. */
export function choiceMeasures(): readonly Measure[] {
  const share = (metric: MetricInfo, isRight: (answer: ChoiceAnswer) => boolean): Measure =>
    meanMeasure(metric, ({ expected, outcome }) =>
      expected.kind === 'choice'
        ? Number(isRight(withoutLetters({ ...expected, prediction: outcome.text })))
        : undefined,
    );
  return [share(official, officialMatch), share(strict, oneChoiceNamed)];
}

/**
 * Questions that several people answered, three of them in Clotho-AQA (Lipping et al., 2022). The paper's classifiers are
 * measured by top-1 accuracy against each person's answer, which the mean share of those in agreement is for a text; and
 * later work by the answer that most gave.
 */
export function openAnswerMeasures(): readonly Measure[] {
  const answersOf = ({ expected }: DoneRow): readonly string[] | undefined =>
    expected.kind === 'answers' && expected.answers.length > 0 ? expected.answers : undefined;
  return [
    meanMeasure(agreement, (row) => {
      const answers = answersOf(row);
      return answers && shareInAgreement(row.outcome.text, answers);
    }),
    meanMeasure(majority, (row) => {
      const answers = answersOf(row);
      const isGiven = answers && givesMajority(row.outcome.text, answers);
      return isGiven === undefined ? undefined : Number(isGiven);
    }),
  ];
}
