/**
 * Attention received by each position, from full attention probabilities: `s[h, j] = sum_i A[h, i, j]` over the valid
 * queries i. The sum runs over the *query* axis; over the key axis every row would give exactly 1.
 *
 * The engine does this inside the ONNX graph; this is what the graph is compared with.
 *
 * @param attention [heads * positions * positions], softmax over the last axis (keys)
 * @param validPositions queries from here on are padding and left out
 * @returns [heads * positions]
 * Source: arXiv 2511.14293, section 3 (attention scores of the last encoder layer).
 */
export function receivedAttention(
  attention: Float32Array,
  heads: number,
  positions: number,
  validPositions = positions,
): Float32Array {
  const received = new Float32Array(heads * positions);
  for (let head = 0; head < heads; head++) {
    const target = received.subarray(head * positions, (head + 1) * positions);
    for (let query = 0; query < validPositions; query++) {
      const row = (head * positions + query) * positions;
      for (let key = 0; key < positions; key++) {
        target[key]! += attention[row + key]!;
      }
    }
  }
  return received;
}
