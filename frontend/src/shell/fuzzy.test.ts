import { expect, test } from "vitest";
import { find, score } from "./fuzzy";

test("letters must come in order", () => {
  expect(score("dq", "Data quality")).not.toBeNull();
  expect(score("qd", "Data quality")).toBeNull();
});

test("starts of words beat letters within them", () => {
  expect(find("q", ["System quotas", "Quotas", "Equity"], (name) => name)).toEqual(["Quotas", "System quotas", "Equity"]);
});

test("nothing typed finds everything in its order", () => {
  expect(find(" ", ["b", "a"], (name) => name)).toEqual(["b", "a"]);
});
