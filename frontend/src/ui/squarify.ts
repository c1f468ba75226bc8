export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Lay out positive weights as boxes that fill a box, near to squares (Bruls, Huizing, van Wijk, 2000). */
export function squarify(weights: readonly number[], room: Box): Box[] {
  const order = weights.map((_, at) => at).sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0));
  const total = weights.reduce((sum, weight) => sum + Math.max(0, weight), 0);
  const boxes = weights.map(() => ({ x: room.x, y: room.y, width: 0, height: 0 }));
  if (total <= 0) return boxes;
  const scale = (room.width * room.height) / total;
  const areas = order.map((at) => Math.max(0, weights[at] ?? 0) * scale).filter((area) => area > 0);
  let left = { ...room };
  let at = 0;
  while (at < areas.length) {
    const side = Math.min(left.width, left.height);
    let count = 1;
    while (at + count < areas.length && worst(areas.slice(at, at + count + 1), side) <= worst(areas.slice(at, at + count), side)) {
      count += 1;
    }
    left = place(areas.slice(at, at + count), left, (step, box) => {
      const target = order[at + step];
      if (target !== undefined) boxes[target] = box;
    });
    at += count;
  }
  return boxes;
}

function worst(row: readonly number[], side: number): number {
  const sum = row.reduce((total, area) => total + area, 0);
  return Math.max((side * side * Math.max(...row)) / (sum * sum), (sum * sum) / (side * side * Math.min(...row)));
}

function place(row: readonly number[], room: Box, put: (step: number, box: Box) => void): Box {
  const sum = row.reduce((total, area) => total + area, 0);
  const upright = room.width >= room.height;
  const depth = sum / (upright ? room.height : room.width);
  let offset = 0;
  row.forEach((area, step) => {
    const length = area / depth;
    put(
      step,
      upright
        ? { x: room.x, y: room.y + offset, width: depth, height: length }
        : { x: room.x + offset, y: room.y, width: length, height: depth },
    );
    offset += length;
  });
  return upright
    ? { ...room, x: room.x + depth, width: room.width - depth }
    : { ...room, y: room.y + depth, height: room.height - depth };
}
