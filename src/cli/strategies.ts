import type { Command } from 'commander';
import { strategies } from '../pruning/registry';
import type { Parameter } from '../pruning/strategy';
import { formatTable } from './table';

export function registerStrategies(program: Command): void {
  program
    .command('strategies')
    .description('Lists the pruning strategies: what each needs, its parameters, where it was published.')
    .option('--json', 'print JSON on standard output', false)
    .action(({ json }: { readonly json: boolean }) => {
      process.stdout.write(`${json ? JSON.stringify(listedStrategies(), null, 2) : strategiesText()}\n`);
    });
}

/** The strategies as data, in the order of the registry. */
export function listedStrategies(): object[] {
  return strategies.map(({ name, label, description, needs, parameters, published }) => ({
    name,
    label,
    description,
    needs,
    parameters,
    published,
  }));
}

/** The strategies for people: a table, and below it what each parameter means. */
export function strategiesText(): string {
  const rows = strategies.map(({ name, label, needs, parameters, published }) => [
    name,
    label,
    needs.join(', ') || '-',
    parameters.map((parameter) => parameter.name).join(', ') || '-',
    published ?? 'Earmark',
  ]);
  const table = formatTable(['name', 'strategy', 'needs', 'parameters', 'published'], rows);
  const known = new Map(strategies.flatMap(({ parameters }) => parameters.map((each) => [each.name, each])));
  const meanings = formatTable(
    ['parameter', 'default', 'from', 'to', 'meaning'],
    [...known.values()].map(parameterRow),
  );
  return `${table}\n\n${meanings}`;
}

function parameterRow({ name, minimum, maximum, default: usual, description }: Parameter): string[] {
  return [name, String(usual), String(minimum), String(maximum), description];
}
