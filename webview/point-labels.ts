import type * as PlotlyTypes from 'plotly.js';
import type { Palette } from './theme';

export interface LabelledPoint {
  readonly label: string;
  readonly x: number;
  readonly y: number;
  /** On the Pareto front: labelled first. */
  readonly front: boolean;
}

/** Where points are drawn: the size in pixels and the ranges of both linear axes. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Places to try for a label, in pixels from its point: above, below, right, left, then farther away. */
const places = [12, 26, 40, 54, 68].flatMap((away) => [
  { dx: 0, dy: -away },
  { dx: 0, dy: away },
  { dx: away, dy: -away / 2 },
  { dx: -away, dy: -away / 2 },
  { dx: away, dy: away / 2 },
  { dx: -away, dy: away / 2 },
]);

/** A label for each point that finds a place without covering another: the front first, hovering tells the rest. */
export function labelPoints(
  points: readonly LabelledPoint[],
  palette: Palette,
  plane: Plane,
): Partial<PlotlyTypes.Annotations>[] {
  const taken = points.map((point) => {
    const { x, y } = pixels(point, plane);
    return { left: x - 6, right: x + 6, top: y - 6, bottom: y + 6 };
  });
  return points
    .toSorted((a, b) => Number(b.front) - Number(a.front))
    .flatMap((point) => {
      const place = findPlace(point, palette, plane, taken);
      if (!place) return [];
      taken.push(place.box);
      return [annotation(point, place, palette)];
    });
}

function pixels({ x, y }: LabelledPoint, plane: Plane): { readonly x: number; readonly y: number } {
  const [left, right] = plane.x;
  const [bottom, top] = plane.y;
  return { x: ((x - left) / (right - left)) * plane.width, y: (1 - (y - bottom) / (top - bottom)) * plane.height };
}

interface Place {
  readonly shift: number;
  readonly dy: number;
  readonly far: boolean;
  readonly box: Box;
}

function findPlace(
  point: LabelledPoint,
  { fontSize }: Palette,
  plane: Plane,
  taken: readonly Box[],
): Place | undefined {
  const { x, y } = pixels(point, plane);
  const half = { width: (point.label.length * fontSize * 0.56) / 2, height: fontSize * 0.65 };
  for (const { dx, dy } of places) {
    const shift = dx === 0 ? 0 : Math.sign(dx) * (Math.abs(dx) + half.width);
    const box = {
      left: x + shift - half.width,
      right: x + shift + half.width,
      top: y + dy - half.height,
      bottom: y + dy + half.height,
    };
    const inside = box.left >= 0 && box.right <= plane.width && box.top >= 0 && box.bottom <= plane.height;
    if (inside && !taken.some((other) => overlaps(box, other))) return { shift, dy, far: Math.hypot(dx, dy) > 20, box };
  }
  return undefined;
}

function annotation(
  { x, y, label, front }: LabelledPoint,
  { shift, dy, far }: Place,
  palette: Palette,
): Partial<PlotlyTypes.Annotations> {
  return {
    x,
    y,
    ax: shift,
    ay: dy,
    text: label,
    showarrow: true,
    arrowhead: 0,
    arrowwidth: 1,
    arrowcolor: far ? palette.boundary : 'rgba(0,0,0,0)',
    standoff: 5,
    borderpad: 0,
    font: { color: front ? palette.foreground : palette.faint, size: palette.fontSize },
  };
}

function overlaps(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
