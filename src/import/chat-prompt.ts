import { Template } from '@huggingface/jinja';
import { EarmarkError } from '../protocol/errors';

/** What a tokenizer's files say of its prompts. */
export interface ChatSettings {
  /** The Jinja template, absent where the model has none. */
  readonly template?: string;
  readonly bos: string;
  readonly eos: string;
  /** What stands for one row of sound in the text, as `<|audio|>`. */
  readonly placeholder: string;
  /** Between the sound and the question, where the template takes them as one text. */
  readonly separator: string;
  /** What the class's processor puts in front of the sound, so that few templates do. */
  readonly opening?: string;
}

export interface ChatPrompt {
  /** With `{audio}` and `{question}`. */
  readonly template: string;
  /** What a person should know of it. */
  readonly note?: string;
}

/** Stands for the question while the template is filled in. */
const question = '{question}';

/**
 * The prompt of one question about one sound, filled in by the model's own chat template. Some templates take sound as a
 * part of a message, others the placeholder in its text.
 *
 * @throws EarmarkError `model-unsupported` where there is a template and it makes no such prompt
 */
export function chatPrompt({ template, bos, eos, placeholder, separator, opening = '' }: ChatSettings): ChatPrompt {
  if (template === undefined) {
    return {
      template: `${bos}USER: ${opening}{audio}\n{question}\nASSISTANT:`,
      note: 'It has no chat template, so a plain prompt is used, which the model may not know.',
    };
  }
  const parts = [{ type: 'audio' }, { type: 'text', text: question }];
  const problems: string[] = [];
  for (const content of [parts, `${placeholder}${separator}${question}`]) {
    try {
      const filled = fill(template, content, bos, eos);
      const prompt = filled.split(placeholder);
      const [before, ...rest] = prompt;
      const after = rest.join('');
      if (before !== undefined && rest.length > 0 && !before.includes(question) && after.includes(question)) {
        return { template: `${before}${before.endsWith(opening) ? '' : opening}{audio}${after}` };
      }
      problems.push(`it gives ${JSON.stringify(filled)}`);
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new EarmarkError(
    'model-unsupported',
    `The chat template makes no prompt with ${placeholder} in front of a question: ${problems.join('; ')}.`,
    'Correct chat_template.jinja, or remove it to use a plain prompt.',
  );
}

/** @throws Error where the template is no Jinja, or refuses the messages */
function fill(template: string, content: unknown, bos: string, eos: string): string {
  // Jinja's own strftime_now gives today in the person's language, and is defined before the context: only a template
  // can give the name another meaning. Of the line break behind a block nothing is left.
  return new Template(`{% set strftime_now = fixed_date %}\n${template}`).render({
    messages: [{ role: 'user', content }],
    add_generation_prompt: true,
    bos_token: bos,
    eos_token: eos,
    date_string: fixedDate('%d %b %Y'),
    fixed_date: fixedDate,
  });
}

/**
 * Templates as Llama's and Granite's say what day it is: today where nothing is given, as in transformers. The prompt is
 * kept in the pack, so it names the day that Llama 3.1's say by default, midnight of 26 July 2024: results of two days
 * are of the same prompt.
 *
 * @param format as Python's strftime takes it; what is not known of it stays
 */
function fixedDate(format: string): string {
  return format.replace(/%-?([A-Za-z%])/g, (directive, code: string) => {
    const text = fixedParts[code] ?? directive;
    return directive.startsWith('%-') ? text.replace(/^0+(?=\d)/, '') : text;
  });
}

const fixedParts: Readonly<Record<string, string>> = {
  'A': 'Friday',
  'a': 'Fri',
  'B': 'July',
  'b': 'Jul',
  'd': '26',
  'm': '07',
  'Y': '2024',
  'y': '24',
  'H': '00',
  'M': '00',
  'S': '00',
  '%': '%',
};
