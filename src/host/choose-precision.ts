import * as vscode from 'vscode';
import type { Precision, PrecisionOffer } from '../hub/repository-layout';
import { sizeWords } from '../report/numbers';

/** Asks which of several precisions is wanted; undefined where the person declined. */
export async function choosePrecision(
  offers: readonly PrecisionOffer[],
  title: string,
): Promise<Precision | undefined> {
  const items = offers.map(({ precision, bytes }) => ({ label: precision, description: sizeWords(bytes), precision }));
  const chosen = await vscode.window.showQuickPick(items, { title });
  return chosen?.precision;
}
