/** What holds native memory, as a session does. */
interface Held {
  release(): Promise<void>;
}

/** What is loaded after others; where that fails, these are released first, for nobody else knows of them yet. */
export async function orRelease<Loaded>(
  loading: Promise<Loaded>,
  before: readonly (Held | undefined)[],
): Promise<Loaded> {
  try {
    return await loading;
  } catch (error) {
    for (const held of before) {
      await held?.release();
    }
    throw error;
  }
}
