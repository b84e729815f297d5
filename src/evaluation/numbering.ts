/** Numbers things from 0 as they first come: a function that gives each its number, the same whenever it is asked. */
export function numbering(): (thing: string | number) => number {
  const numbers = new Map<string | number, number>();
  return (thing) => {
    const number = numbers.get(thing) ?? numbers.size;
    numbers.set(thing, number);
    return number;
  };
}
