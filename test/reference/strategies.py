"""Every pruning strategy again, in numpy, straight from its formula: what the TypeScript is compared with.

Nothing here is translated from `src/pruning`. Where a formula can be followed in another way it is: whole matrices and
sorted lists instead of loops that keep running totals. Numbers: cosines are formed in double precision and rounded to
single, as the strategies define it. The test draws vectors and scores from a coarse grid, so that sums and dot
products are exact in either language and ties are real ties. Only the Cholesky factor of the determinantal point
process has rounding errors of its own; its sums are taken in the order the items were chosen, in both languages.

    python strategies.py < cases.json > selections.json

`{"inputs": [{"scores", "tokens", "keys"}], "cases": [{"input", "strategy", "budget", "budgetMode", "parameters"}]}`
becomes `[{"groups", "weights"}]`, one for each case.
"""

import json
import math
import sys

import numpy as np


def plain(tokens):
    tokens = sorted(int(token) for token in tokens)
    return [[(token, 1.0)] for token in tokens]


def by_score(scores, tokens):
    """Tokens by falling score, equal scores in time order."""
    return sorted(tokens, key=lambda token: (-scores[token], token))


def lengths_of(x):
    return np.sqrt((x * x).sum(axis=1))


def cosines(x, y):
    """Cosine of each row of x with each row of y; 0 where one has no length."""
    lengths = np.outer(lengths_of(x), lengths_of(y))
    dots = x @ y.T
    result = np.zeros_like(dots)
    np.divide(dots, lengths, out=result, where=lengths > 0)
    return result.astype(np.float32).astype(np.float64)


def links_of(x):
    return [cosines(x[i : i + 1], x[i + 1 : i + 2])[0, 0] for i in range(len(x) - 1)]


def equal_parts(count, parts):
    edges = [i * count // parts for i in range(parts + 1)]
    return [range(edges[i], edges[i + 1]) for i in range(parts)]


def runs_from(cuts, count):
    edges = [0] + sorted(cuts) + [count]
    return [range(a, b) for a, b in zip(edges[:-1], edges[1:])]


def floor_share(ratio, count):
    """floor(ratio * count) for the ratio as it is written in decimals."""
    return math.floor(ratio * count + 1e-9)


def min_max(values):
    values = np.asarray(values, dtype=np.float64)
    spread = values.max() - values.min()
    return (values - values.min()) / spread if spread > 0 else np.ones_like(values)


def apportion(budget, weights, capacities):
    """One to each part; the rest to the highest of all quotients weight / (2 n + 1), listed and sorted."""
    if not any(weight > 0 for weight in weights):
        weights = capacities
    quotients = [
        (-(max(0.0, weight) / (2 * n + 1)), n, part)
        for part, (weight, capacity) in enumerate(zip(weights, capacities))
        for n in range(1, capacity)
    ]
    shares = [1] * len(capacities)
    for _, _, part in sorted(quotients)[: budget - len(capacities)]:
        shares[part] += 1
    return shares


def determinantal(cos, relevance, budget):
    """Greedy MAP of the process with kernel r_i cos_ij r_j; by relevance where nothing new is left."""
    size = len(relevance)
    own = relevance * np.diag(cos) * relevance
    left = own.copy()
    columns = []
    chosen = []
    while len(chosen) < budget:
        new = np.where(left > 1e-6 * own, left, 0.0)
        new[chosen] = 0.0
        best = int(np.argmax(new))
        if new[best] <= 0:
            break
        told = np.zeros(size)
        for column in columns:
            told = told + column[best] * column
        column = (relevance[best] * cos[best] * relevance - told) / np.sqrt(left[best])
        columns.append(column)
        left = left - column * column
        chosen.append(best)
    rest = by_score(relevance, [i for i in range(size) if i not in chosen])
    return chosen + rest[: budget - len(chosen)]


def weights_in_run(run, scores):
    # Negative scores weigh nothing.
    positive = [max(0.0, scores[token]) for token in run]
    total = sum(positive)
    return [score / total if total > 0 else 1 / len(run) for score in positive]


def weighted(run, scores):
    return list(zip(run, weights_in_run(run, scores)))


# The strategies. Each takes the scores s [N], tokens x [N, D], keys [N, D], the budget K, the mode and the parameters.


def none(s, x, keys, budget, mode, p):
    return plain(range(len(s)))


def top_k(s, x, keys, budget, mode, p):
    return plain(by_score(s, range(len(s)))[:budget])


def bottom_k(s, x, keys, budget, mode, p):
    return plain(by_score(-s, range(len(s)))[:budget])


def uniform(s, x, keys, budget, mode, p):
    return plain(i * len(s) // budget for i in range(budget))


def segmentwise(s, x, keys, budget, mode, p):
    parts = equal_parts(len(s), min(p["segments"], budget, len(s)))
    each = budget // len(parts)
    kept = [token for part in parts for token in by_score(s, part)[:each]]
    if mode == "exact":
        others = by_score(s, set(range(len(s))) - set(kept))
        kept += others[: budget - len(kept)]
    return plain(kept)


def visionzip(s, x, keys, budget, mode, p):
    contextual = floor_share(p["contextualShare"], budget)
    dominant = by_score(s, range(len(s)))[: budget - contextual]
    groups = plain(dominant)
    if contextual == 0:
        return groups
    residual = sorted(set(range(len(s))) - set(dominant))
    step = max(1, len(residual) // contextual)
    targets = residual[::step][:contextual]
    others = [token for token in residual if token not in targets]
    cos = cosines(keys[others], keys[targets])
    nearest = [targets[int(np.argmax(row))] for row in cos]
    for target in targets:
        joined = [token for token, to in zip(others, nearest) if to == target]
        groups.append([(target, 1.0)] + [(token, 1 / len(joined)) for token in joined])
    return groups


def vispruner(s, x, keys, budget, mode, p):
    cos = cosines(x, x)
    important = floor_share(p["importantShare"], budget)
    order = by_score(s, range(len(s)))
    kept, residual = order[:important], order[important:]
    while len(residual) > budget - important:
        first, second = residual[::2], residual[1::2]
        drop = min(p["dropStep"], len(residual) - (budget - important))
        closest = cos[np.ix_(first, second)].max(axis=1, initial=-2)
        alike = dict(zip(first, closest))
        dropped = set(sorted(first, key=lambda a: (-alike[a], -a))[:drop])
        residual = [token for token in residual if token not in dropped]
    return plain(kept + residual)


def divprune(s, x, keys, budget, mode, p):
    distance = 1 - cosines(x, x)
    if len(s) == 1:
        return plain([0])
    others = distance.copy()
    np.fill_diagonal(others, np.inf)
    chosen = [int(np.argmax(others.min(axis=1)))]
    while len(chosen) < budget:
        nearest = distance[:, chosen].min(axis=1)
        nearest[chosen] = -np.inf
        chosen.append(int(np.argmax(nearest)))
    return plain(chosen)


def cdpruner(s, x, keys, budget, mode, p):
    relevance = min_max(s) if p["useRelevance"] else np.ones(len(s))
    return plain(determinantal(cosines(x, x), relevance, budget))


def a_tome(s, x, keys, budget, mode, p):
    vectors = [np.array(row) for row in (x if keys is None else keys)]
    groups = plain(range(len(s)))
    while len(groups) > budget:
        links = links_of(np.array(vectors))
        merged = set()
        for left in sorted(range(len(links)), key=lambda i: (-links[i], i)):
            if len(merged) < len(groups) - budget and not merged & {left - 1, left, left + 1}:
                merged.add(left)
        for left in sorted(merged, reverse=True):
            vectors[left : left + 2] = [(vectors[left] + vectors[left + 1]) / 2]
            pair = groups[left] + groups[left + 1]
            groups[left : left + 2] = [[(token, weight / 2) for token, weight in pair]]
    return groups


def fastadasp(s, x, keys, budget, mode, p):
    links = links_of(x)
    held = sorted(range(len(links)), key=lambda i: (-links[i], i))[: len(s) - budget]
    cuts = [i + 1 for i in range(len(links)) if i not in set(held)]
    return [weighted(run, s) for run in runs_from(cuts, len(s))]


def sa_map(s, x, keys, budget, mode, p):
    threshold = float(np.float32(p["mergeThreshold"]))
    cuts, start = [], 0
    for token in range(1, len(s)):
        # A sum of tokens points where their mean does, and is exact.
        sum_of_run = x[start:token].sum(axis=0, keepdims=True)
        if not cosines(sum_of_run, x[token : token + 1])[0, 0] >= threshold:
            cuts.append(token)
            start = token
    runs = runs_from(cuts, len(s))
    if len(runs) > budget:
        merged = []
        for run in runs:
            w = np.maximum(s[list(run)], 0)
            w = w if w.sum() > 0 else np.ones(len(run))
            merged.append((w[:, None] * x[list(run)]).sum(axis=0))
        relevance = min_max([s[list(run)].sum() / len(run) for run in runs])
        merged = np.array(merged)
        runs = [runs[i] for i in determinantal(cosines(merged, merged), relevance, budget)]
    return [weighted(run, s) for run in runs]


def variable_budget(s, x, keys, budget, mode, p):
    parts = equal_parts(len(s), min(p["segments"], budget, len(s)))
    shares = apportion(budget, [s[list(part)].sum() for part in parts], [len(part) for part in parts])
    return plain(token for part, share in zip(parts, shares) for token in by_score(s, part)[:share])


def change_point(s, x, keys, budget, mode, p):
    links, wanted, shortest = links_of(x), min(p["segments"], budget) - 1, p["shortestSegment"]
    edges = [0, len(s)]
    for link in sorted(range(len(links)), key=lambda i: (links[i], i)):
        if len(edges) - 2 == wanted:
            break
        if min(abs(link + 1 - edge) for edge in edges) >= shortest:
            edges.append(link + 1)
    parts = runs_from(edges[2:], len(s))
    sizes = [len(part) for part in parts]
    shares = apportion(budget, sizes, sizes)
    return plain(token for part, share in zip(parts, shares) for token in by_score(s, part)[:share])


def hybrid(s, x, keys, budget, mode, p):
    cos = cosines(x, x)
    parts = equal_parts(len(s), min(p["segments"], budget, len(s)))
    part_of = {token: part for part in parts for token in part}
    each = budget // len(parts)
    remainder = budget - each * len(parts) if mode == "exact" else 0
    kept = {part: [] for part in parts}

    def left_of(tokens):
        return [token for token in tokens if token not in kept[part_of[token]]]

    def closeness(token):
        return cos[token, kept[part_of[token]]].max()

    def spend(tokens, count):
        different = floor_share(p["diversityShare"], count)
        for token in by_score(s, left_of(tokens))[: count - different]:
            kept[part_of[token]].append(token)
        for _ in range(different):
            token = min(left_of(tokens), key=lambda t: (closeness(t), t))
            kept[part_of[token]].append(token)

    for part in parts:
        spend(part, each)
    spend(range(len(s)), remainder)
    return plain(token for tokens in kept.values() for token in tokens)


STRATEGIES = {
    "none": none,
    "top-k": top_k,
    "bottom-k": bottom_k,
    "uniform": uniform,
    "segmentwise": segmentwise,
    "visionzip": visionzip,
    "vispruner": vispruner,
    "divprune": divprune,
    "cdpruner": cdpruner,
    "a-tome": a_tome,
    "fastadasp": fastadasp,
    "sa-map": sa_map,
    "variable-budget": variable_budget,
    "change-point": change_point,
    "hybrid": hybrid,
}


def selection(groups):
    ordered = sorted(sorted(group) for group in groups)
    return {
        "groups": [[int(token) for token, _ in group] for group in ordered],
        "weights": [[float(weight) for _, weight in group] for group in ordered],
    }


def main():
    work = json.load(sys.stdin)
    inputs = [
        {name: None if values is None else np.array(values, dtype=np.float64) for name, values in each.items()}
        for each in work["inputs"]
    ]
    results = []
    for case in work["cases"]:
        given = inputs[case["input"]]
        rule = STRATEGIES[case["strategy"]]
        groups = rule(
            given["scores"],
            given["tokens"],
            given["keys"],
            case["budget"],
            case["budgetMode"],
            case["parameters"],
        )
        results.append(selection(groups))
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
