import { expect, it } from "vitest";

import { cronInWords } from "./cron";

it.each([
  ["30 0,6,20 * * *", "00:30, 06:30, 20:30"],
  ["30 17 * * 1-5", "17:30, Monday to Friday"],
  ["0 5 * * 0", "05:00, Sunday"],
  ["0 5 * * 7", "05:00, Sunday"],
  ["*/15 * * * *", "every 15 minutes"],
  ["* 9-16 * * 1-5", "every minute from 09:00 to 16:59, Monday to Friday"],
  ["5,35 * * * *", "every hour at :05, :35"],
  ["0 5 1 * *", "05:00, on day 1 of the month"],
  ["0 5 1 * 1", "0 5 1 * 1"],
  ["0 0 1 1 *", "0 0 1 1 *"],
  ["0 */4 * * *", "0 */4 * * *"],
  ["0 5 * * MON", "0 5 * * MON"],
])("says %s as %s", (cron, words) => {
  expect(cronInWords(cron)).toBe(words);
});
