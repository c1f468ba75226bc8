import { expect, test } from "vitest";
import { sparkPath } from "./Sparkline";
import { squarify } from "./squarify";
import { shade } from "./Treemap";

test("a gap in a sparkline is not joined over", () => {
  expect(sparkPath([1, 2, null, 1, 2], 10, 10).match(/M/g)).toHaveLength(2);
  expect(sparkPath([1, NaN, 3], 10, 10)).toBe("M1.0 9.0M9.0 1.0");
});

test("a flat line and a single value are drawn inside the box", () => {
  expect(sparkPath([5, 5], 10, 10)).toBe("M1.0 9.0L9.0 9.0");
  expect(sparkPath([5], 10, 10)).toBe("M1.0 9.0");
  expect(sparkPath([], 10, 10)).toBe("");
});

test("the boxes of a treemap fill its room by their weights, whatever the order", () => {
  const room = { x: 0, y: 0, width: 60, height: 40 };
  const weights = [1, 6, 2, 6, 3, 4, 2];
  const boxes = squarify(weights, room);
  boxes.forEach((box, at) => {
    expect(box.width * box.height).toBeCloseTo(((weights[at] ?? 0) * 2400) / 24);
    expect(box.x + box.width).toBeLessThanOrEqual(60.0001);
    expect(box.y + box.height).toBeLessThanOrEqual(40.0001);
  });
});

test("weights of nothing take no room", () => {
  const boxes = squarify([0, 5, 0], { x: 0, y: 0, width: 10, height: 10 });
  expect(boxes.map((box) => box.width * box.height)).toEqual([0, 100, 0]);
  expect(squarify([0], { x: 0, y: 0, width: 10, height: 10 })[0]?.width).toBe(0);
});

test("a treemap's shade grows with the change up to its limit", () => {
  expect([0, 0.015, -0.03, 0.5].map((change) => shade(change, 0.03))).toEqual([12, 34, 55, 55]);
});
